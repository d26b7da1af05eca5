// What in a new document breaks those who call by the old one.
//
// A caller sends what the old document allows and reads what it promises. So a request may only come to allow more, and an
// answer only to promise more. Where that cannot be decided (another regular expression, say), it counts as broken.

const METHODS = ["get", "put", "post", "patch", "delete"];

/**
 * Everything that breaks callers: `{ place, what }`, each once. A place is `POST /areas`, `POST /areas limit`,
 * `POST /areas 201`, or a field of a schema: `NewArea.slug`. What operations share is told once: `parameters/IfMatch`.
 */
export function breaks(old, current) {
  return new Comparison(old, current).run();
}

/** The breaks that no line of the list `### Breaking` under the changelog's `## [Unreleased]` names, in backticks. */
export function untold(found, changelog) {
  const unreleased = changelog.split(/^## /m).find((section) => /^\[?unreleased/i.test(section)) ?? "";
  const list = unreleased.split(/^### /m).find((section) => /^breaking/i.test(section)) ?? "";
  return found.filter(({ place }) => !list.includes(`\`${place}\``));
}

class Comparison {
  constructor(old, current) {
    Object.assign(this, { old, current, found: new Map(), seen: new Set() });
  }

  run() {
    for (const [path, item] of Object.entries(this.old.paths ?? {})) {
      for (const method of METHODS.filter((method) => item[method])) {
        const place = `${method.toUpperCase()} ${path}`;
        const now = this.current.paths?.[path]?.[method];
        if (now) this.operation(place, item[method], now);
        else this.tell(place, "is gone");
      }
    }
    return [...this.found.values()];
  }

  tell(place, what) {
    this.found.set(`${place}: ${what}`, { place, what });
  }

  check(holds, place, what) {
    if (!holds) this.tell(place, what);
  }

  operation(place, before, now) {
    this.check(before.operationId === now.operationId, place, `is called ${now.operationId} and no longer ${before.operationId}`);
    this.security(place, before, now);
    this.parameters(place, before, now);
    this.requestBody(place, before, now);
    this.answers(place, before, now);
  }

  /** Whoever was let in is still let in. */
  security(place, before, now) {
    const ways = (document, operation) => (operation.security ?? document.security ?? []).map((way) => JSON.stringify(way));
    const [had, has] = [ways(this.old, before), ways(this.current, now)];
    const open = has.length === 0 || has.includes("{}");
    if (had.length === 0) this.check(open, place, "can no longer be called without signing in");
    for (const way of had) this.check(open || has.includes(way), place, `can no longer be called with ${way}`);
  }

  parameters(place, before, now) {
    const keyed = (document, one) => [`${resolve(document, one).in} ${resolve(document, one).name}`, { ...resolve(document, one), $ref: one.$ref }];
    const all = (document, operation) => new Map((operation.parameters ?? []).map((one) => keyed(document, one)));
    const [had, has] = [all(this.old, before), all(this.current, now)];
    for (const [key, parameter] of had) {
      const still = has.get(key);
      const here = shared(parameter, still) ?? `${place} ${parameter.name}`;
      // An unknown parameter of the query is refused, and an unknown header no longer does what it did.
      if (!still) this.tell(here, "is no longer taken");
      else {
        this.check(parameter.required || !still.required, here, "must be there now");
        this.schema(here, parameter.schema, still.schema, "request");
      }
    }
    for (const [key, parameter] of has) this.check(had.has(key) || !parameter.required, `${place} ${parameter.name}`, "is new and must be there");
  }

  requestBody(place, before, now) {
    const [had, has] = [resolve(this.old, before.requestBody), resolve(this.current, now.requestBody)];
    if (!had) return this.check(!has?.required, place, "must have a body now");
    if (!has) return this.tell(place, "no longer takes a body");
    this.check(had.required || !has.required, place, "must have a body now");
    for (const [type, media] of Object.entries(had.content ?? {})) {
      const still = has.content?.[type];
      if (still) this.schema(`${place} ${type}`, media.schema, still.schema, "request");
      else this.tell(`${place} ${type}`, "is no longer taken");
    }
  }

  answers(place, before, now) {
    const [had, has] = [before.responses ?? {}, now.responses ?? {}];
    for (const status of Object.keys(has)) this.check(status in had || !status.startsWith("2"), `${place} ${status}`, "is a new answer of success");
    for (const [status, answer] of Object.entries(had)) {
      const here = shared(answer, has[status]) ?? `${place} ${status}`;
      const [told, tells] = [resolve(this.old, answer), resolve(this.current, has[status])];
      if (!tells) {
        this.tell(here, "is no longer answered");
        continue;
      }
      for (const header of Object.keys(told.headers ?? {})) this.check(tells.headers?.[header], here, `no longer has the header ${header}`);
      for (const [type, media] of Object.entries(told.content ?? {})) {
        const still = tells.content?.[type];
        if (still) this.schema(`${here} ${type}`, media.schema, still.schema, "answer");
        else this.tell(`${here} ${type}`, "is no longer answered");
      }
    }
  }

  /** Compares two schemas; `direction` is `request` or `answer`. */
  schema(place, before, now, direction) {
    if (before === undefined || now === undefined) return this.check(before === now, place, "has a schema on one side alone");
    const name = before?.$ref?.split("/").pop();
    if (name && now?.$ref) {
      const pair = `${direction} ${before.$ref} ${now.$ref}`;
      if (this.seen.has(pair)) return;
      this.seen.add(pair);
    }
    const here = name ?? place;
    const [had, has] = [flat(this.old, before), flat(this.current, now)];
    if (had.options || has.options) return this.options(now.$ref ? here : place, had.options ?? [before], has.options ?? [now], direction);
    const [wide, narrow] = direction === "request" ? [has, had] : [had, has];

    this.types(here, wide, narrow, had, has);
    this.values(here, wide, narrow);
    if (direction === "request") this.limits(here, had, has);
    this.fields(here, had, has, direction);
    if (had.items || has.items) this.schema(`${here}[]`, had.items ?? {}, has.items ?? {}, direction);
    if (isSchema(had.additionalProperties) && isSchema(has.additionalProperties)) this.schema(`${here}{}`, had.additionalProperties, has.additionalProperties, direction);
  }

  /** Each type on the narrow side is one on the wide side. */
  types(place, wide, narrow, had, has) {
    const allowed = types(wide);
    if (allowed.length === 0) return;
    const fits = (type) => allowed.includes(type) || (type === "integer" && allowed.includes("number"));
    const told = types(narrow);
    const same = told.length > 0 && told.every(fits);
    this.check(same, place, `is ${types(has).join(" or ") || "of any type"} and no longer ${types(had).join(" or ") || "of any type"}`);
  }

  values(place, wide, narrow) {
    const of = (schema) => ("const" in schema ? [schema.const] : schema.enum);
    const [allowed, told] = [of(wide), of(narrow)];
    if (!allowed) return;
    if (!told) return this.tell(place, "has other values than those that were listed, or fewer than any");
    const beyond = told.filter((value) => !allowed.some((other) => JSON.stringify(other) === JSON.stringify(value)));
    this.check(beyond.length === 0, place, `differs by the values ${beyond.join(", ")}`);
  }

  limits(place, had, has) {
    for (const most of ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]) {
      this.check((had[most] ?? Infinity) <= (has[most] ?? Infinity), place, `has the ${most} ${has[most]}, which was ${had[most] ?? "none"}`);
    }
    for (const least of ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]) {
      const none = least.endsWith("imum") ? -Infinity : 0;
      this.check((had[least] ?? none) >= (has[least] ?? none), place, `has the ${least} ${has[least]}, which was ${had[least] ?? "none"}`);
    }
    for (const form of ["pattern", "format", "multipleOf"]) {
      this.check(has[form] === undefined || has[form] === had[form], place, `has the ${form} ${has[form]}, which was ${had[form] ?? "none"}`);
    }
    this.check(had.uniqueItems || !has.uniqueItems, place, "no longer takes the same twice");
  }

  fields(place, had, has, direction) {
    const dot = (name) => `${place}.${name}`;
    for (const [name, field] of Object.entries(had.properties)) {
      const still = has.properties[name];
      if (!still) this.tell(dot(name), "is gone");
      else {
        this.schema(dot(name), field, still, direction);
        const [was, is] = [had.required.has(name), has.required.has(name)];
        if (direction === "request") this.check(was || !is, dot(name), "must be there now");
        else this.check(!was || is, dot(name), "may be absent now");
      }
    }
    if (direction !== "request") return;
    for (const name of has.required) this.check(had.required.has(name) || name in had.properties, dot(name), "is new and must be there");
    this.check(had.additionalProperties === false || has.additionalProperties !== false, place, "no longer takes fields that are not named");
  }

  /** Each choice on the narrow side fits one on the wide side. */
  options(place, before, now, direction) {
    const fits = (one, other) => {
      if (!one.$ref || one.$ref !== other.$ref) return this.trial(one, other, direction);
      // The same schema on both sides tells of itself what broke in it.
      this.schema(place, one, other, direction);
      return true;
    };
    const broken = direction === "request" ? before.filter((one) => !now.some((other) => fits(one, other))) : now.filter((other) => !before.some((one) => fits(one, other)));
    this.check(broken.length === 0, place, direction === "request" ? "takes fewer kinds of things" : "answers other kinds of things");
  }

  /** Whether one schema may take another's place, apart from what has been told already. */
  trial(before, now, direction) {
    const trial = new Comparison(this.old, this.current);
    trial.seen = new Set(this.seen);
    trial.schema("", before, now, direction);
    return trial.found.size === 0;
  }
}

/** The name of what both refer to. */
const shared = (before, now) => (before.$ref && before.$ref === now?.$ref ? before.$ref.split("/").slice(-2).join("/") : undefined);
const isSchema = (value) => value !== null && typeof value === "object";
const types = (schema) => [schema.type ?? []].flat();

function resolve(document, value) {
  for (let steps = 0; value?.$ref && steps < 20; steps++) {
    value = value.$ref.slice(2).split("/").reduce((part, key) => part?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
  }
  return value;
}

/** A schema with what its reference and its `allOf` say: its fields, those that must be there, and its choices. */
function flat(document, schema) {
  const { properties = {}, required = [], allOf = [], oneOf, anyOf, ...rest } = { ...resolve(document, schema) };
  const whole = { ...rest, properties: { ...properties }, required: new Set(required), options: oneOf ?? anyOf };
  for (const part of allOf.map((one) => flat(document, one))) {
    const { properties: fields, required: needed, options, ...others } = part;
    Object.assign(whole, { ...others, ...whole, properties: { ...fields, ...whole.properties }, options: whole.options ?? options });
    needed.forEach((name) => whole.required.add(name));
  }
  return whole;
}
