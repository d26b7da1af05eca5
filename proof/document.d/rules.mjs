// Breaks each rule of `.spectral.yaml` that is ours, in a small part of the document, and sees that Spectral tells it: a rule
// whose path matches nothing would be silent for ever. `node rules.mjs SPECTRAL RULESET DOCUMENT FOLDER`.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const [spectral, ruleset, documentPath, folder] = process.argv.slice(2);
const whole = JSON.parse(readFileSync(documentPath, "utf8"));
const rules = readFileSync(ruleset, "utf8");

/** What a reference points to. */
const at = (document, pointer) =>
  pointer.replace(/^#?\//, "").split("/").reduce((value, key) => value?.[decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~")], document);

/** The document with a few paths, and the components that they need. */
function part(paths) {
  const small = structuredClone({ ...whole, paths: Object.fromEntries(paths.map((path) => [path, whole.paths[path]])), components: { securitySchemes: whole.components.securitySchemes } });
  const copy = (value) => {
    if (Array.isArray(value)) return value.forEach(copy);
    if (value === null || typeof value !== "object") return;
    if (typeof value.$ref === "string") {
      const [, , kind, name] = value.$ref.split("/");
      small.components[kind] ??= {};
      if (!(name in small.components[kind])) {
        small.components[kind][name] = structuredClone(at(whole, value.$ref));
        copy(small.components[kind][name]);
      }
    }
    Object.values(value).forEach(copy);
  };
  copy(small.paths);
  return small;
}

const areas = (document) => document.paths["/areas"];
const moved = (document, from, to) => {
  document.paths[to] = document.paths[from];
  delete document.paths[from];
};
const replaceParameter = (operation, name, change) => {
  const index = operation.parameters.findIndex((parameter) => parameter.name === name);
  const changed = change(operation.parameters[index]);
  operation.parameters.splice(index, 1, ...(changed ? [changed] : []));
};
/** A path, and an operation, whose `$ref` parameter is dropped. */
const withoutReference = (operation, end) => (operation.parameters = operation.parameters.filter((parameter) => !parameter.$ref?.endsWith(end)));

/** [the rule that must tell it, what is done]. */
const flaws = [
  ["nara-server-url", (d) => (d.servers[0].url = "https://nara.example/api")],
  ["nara-server-url", (d) => (d.servers[0].url = "http://nara.example/nara/v1")],
  ["nara-server-url", (d) => delete d.servers],
  ["nara-api-info", (d) => moved(d, "/api-info", "/information")],
  ["nara-api-info-fields", (d) => (d.components.schemas.ApiInfo.required = ["apiName", "apiVersion", "apiReleased", "apiDocumentation"])],
  ["nara-info", (d) => delete d.info.contact],
  ["nara-info", (d) => delete d.info.termsOfService],
  ["nara-info-in-both-languages", (d) => (d.info.description = d.info.description.split("## På svenska")[0])],
  ["nara-info-in-both-languages", (d) => (d.info.description = d.info.description.replace("**Known limits.**", ""))],
  ["nara-paths-kebab-case", (d) => moved(d, "/areas", "/newAreas")],
  ["nara-paths-kebab-case", (d) => moved(d, "/areas", "/new_areas")],
  ["nara-paths-plural", (d) => moved(d, "/areas/{id}", "/area/{id}")],
  ["nara-no-personal-data-in-addresses", (d) => areas(d).get.parameters.push({ ...areas(d).get.parameters[0], name: "personalIdentityNumber" })],
  ["nara-operation-id-camel-case", (d) => (areas(d).get.operationId = "list_areas")],
  ["nara-operation-id-camel-case", (d) => delete areas(d).get.operationId],
  ["nara-fields-camel-case", (d) => (d.components.schemas.NewArea.properties.short_name = d.components.schemas.NewArea.properties.slug)],
  ["nara-parameters-camel-case", (d) => replaceParameter(areas(d).get, "total", (old) => ({ ...old, name: "With-Total" }))],
  ["nara-takes-traceparent", (d) => withoutReference(areas(d).get, "/Traceparent")],
  ["nara-takes-traceparent", (d) => delete areas(d).post.parameters],
  ["nara-answers-traceparent", (d) => delete areas(d).get.responses["200"].headers.traceparent],
  ["nara-answers-traceparent", (d) => delete d.components.responses.TooManyRequests.headers],
  ["nara-problems", (d) => (d.components.responses.BadRequest.content = { "application/json": {} })],
  ["nara-problems", (d) => delete d.components.responses.ServiceUnavailable.content],
  ["nara-problems", (d) => delete d.components.schemas.Problem.properties.instance],
  ["nara-lists-in-pages", (d) => replaceParameter(areas(d).get, "limit", () => null)],
  ["nara-lists-in-pages", (d) => replaceParameter(areas(d).get, "page", () => null)],
  ["nara-lists-in-pages", (d) => replaceParameter(areas(d).get, "limit", (old) => ({ ...old, schema: { ...old.schema, default: 50 } }))],
  ["nara-lists-in-pages", (d) => delete d.components.schemas.AreaPage.properties._meta],
  ["nara-examples-of-requests", (d) => delete areas(d).post.requestBody.content["application/json"].examples],
  ["nara-examples-of-answers", (d) => delete areas(d).get.responses["200"].content["application/json"].examples],
  ["nara-examples-of-answers", (d) => delete d.components.responses.NotFound.content["application/problem+json"].examples],
  ["nara-examples-of-dates", (d) => delete d.components.schemas.Area.properties.updatedAt.example],
  ["nara-examples-of-dates", (d) => (d.components.schemas.Area.properties.updatedAt.example = "2026-11-21T14:30:00")],
  ["nara-examples-of-dates", (d) => (d.components.schemas.ApiInfo.properties.apiReleased.example = "21/11 2026")],
  ["nara-words-of-operations", (d) => (areas(d).get.description = "Lists areas.")],
  ["nara-words-of-operations", (d) => delete areas(d).get.summary],
  ["nara-words-of-fields", (d) => (d.components.schemas.NewArea.properties.slug.description = "Slug.")],
  ["nara-words-of-fields", (d) => delete d.components.schemas.NewArea.properties.name.description /* beside a reference */],
  ["nara-words-of-parameters", (d) => replaceParameter(areas(d).get, "limit", (old) => ({ ...old, description: "How many." }))],
  ["nara-words-of-answers", (d) => (areas(d).get.responses["200"].description = "OK")],
  // What stands under the exceptions for public operations is told of every other one.
  ["owasp:api2:2023-write-restricted", (d) => (areas(d).post.security = [])],
  ["owasp:api8:2023-define-error-responses-401", (d) => delete areas(d).post.responses["401"]],
];

const ours = [...rules.matchAll(/^ {2}(nara-[a-z-]+):$/gm)].map((match) => match[1]);
const untried = ours.filter((rule) => !flaws.some(([name]) => name === rule));
if (ours.length === 0 || untried.length > 0) throw new Error(`no flaw tries these rules: ${untried.join(", ") || "all"}`);

const pointers = [...rules.matchAll(/openapi\.json#(\S+?)"/g)].map((match) => match[1]);
const idle = pointers.filter((pointer) => at(whole, pointer) === undefined || at(whole, pointer).security.length > 0);
if (pointers.length === 0 || idle.length > 0) throw new Error(`exceptions for what is not there, or not public: ${idle.join(", ")}`);

mkdirSync(folder, { recursive: true });
const base = part(["/api-info", "/areas", "/areas/{id}"]);
const write = (name, document) => {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(document));
  return path;
};
const paths = [write("sound", base)];
flaws.forEach(([, breakIt], index) => {
  const document = structuredClone(base);
  breakIt(document);
  paths.push(write(`flaw-${index}`, document));
});

let told;
try {
  told = execFileSync(spectral, ["lint", ...paths, "--ruleset", ruleset, "--format", "json", "--quiet"], { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
} catch (error) {
  if (!error.stdout) throw error;
  told = error.stdout;
}
const found = new Map();
for (const { source, code } of JSON.parse(told)) {
  const name = basename(source, ".json");
  found.set(name, (found.get(name) ?? new Map()).set(code, (found.get(name)?.get(code) ?? 0) + 1));
}
const count = (name, rule) => found.get(name)?.get(rule) ?? 0;
const failures = ours.filter((rule) => count("sound", rule) > 0).map((rule) => `${rule} is told where nothing is wrong`);
flaws.forEach(([rule, breakIt], index) => {
  if (count(`flaw-${index}`, rule) <= count("sound", rule)) failures.push(`${rule} does not tell of ${breakIt}`);
});
if (failures.length > 0) throw new Error(failures.join("\n"));
console.log(`rules: each of our ${ours.length} rules told its flaws, ${flaws.length} in all; ${pointers.length} exceptions, all of public operations`);
