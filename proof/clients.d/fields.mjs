// Compares the generated TypeScript with the document: every schema with its fields, which of them must be there, the values of
// every enum, every operation with its parameters and its answers, and no `any` or `unknown` in a field.
// `node fields.mjs TYPESCRIPT DOCUMENT TYPES`; TYPESCRIPT is the compiler's package.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve as absolute } from "node:path";

const [compiler, documentPath, typesPath] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(absolute(compiler));
const document = JSON.parse(readFileSync(documentPath, "utf8"));

const program = ts.createProgram([typesPath], { strict: true, exactOptionalPropertyTypes: true, types: [] });
const checker = program.getTypeChecker();
const exported = new Map(checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(typesPath))).map((symbol) => [symbol.name, checker.getDeclaredTypeOfSymbol(symbol)]));
const member = (type, name) => {
  const found = type.getProperty(name);
  return found && checker.getTypeOfSymbol(found);
};
const names = (type) => (type ? checker.getPropertiesOfType(type).map((symbol) => symbol.name) : []);

const flaws = [];
const counts = { schemas: 0, fields: 0, values: 0, operations: 0, parameters: 0, answers: 0 };
const same = (place, has, wants) => {
  const [one, other] = [[...has].map(String).sort(), [...wants].map(String).sort()];
  if (JSON.stringify(one) !== JSON.stringify(other)) flaws.push(`${place}: the types have ${one.join(", ") || "nothing"}, the document ${other.join(", ") || "nothing"}`);
  return other.length;
};
const resolve = (value) => (value?.$ref ? resolve(value.$ref.slice(2).split("/").reduce((part, key) => part[key.replaceAll("~1", "/")], document)) : value);

/** The fields of a schema, those of its parts included, and which of them must be there. */
function shape(schema) {
  const { properties = {}, required = [], allOf = [] } = resolve(schema);
  const parts = allOf.map(shape);
  return {
    properties: Object.assign({}, ...parts.map((part) => part.properties), properties),
    required: [...new Set([...parts.flatMap((part) => part.required), ...required])],
  };
}

/** Whether a type says nothing, it or what it is a list of. */
function isVague(type) {
  if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return true;
  if (type.isUnion()) return type.types.some(isVague);
  return checker.isArrayType(type) && checker.getTypeArguments(type).some(isVague);
}

const mayBeNull = ({ type = [], oneOf = [] }) => type.includes("null") || oneOf.some((option) => option.type === "null");
const hasNull = (type) => (type.isUnion() ? type.types : [type]).some((one) => one.flags & ts.TypeFlags.Null);

function compare(place, schema, type) {
  const { properties, required } = shape(schema);
  // A map's type has no fields of its own to tell, whatever its entries are.
  counts.fields += same(place, names(type), Object.keys(properties));
  const mandatory = checker.getPropertiesOfType(type).filter((symbol) => !(symbol.flags & ts.SymbolFlags.Optional));
  same(`${place}, what must be there`, mandatory.map((symbol) => symbol.name), required.filter((name) => name in properties));
  for (const [name, property] of Object.entries(properties)) {
    const field = type.getProperty(name);
    if (!field) continue;
    const fieldType = checker.getTypeOfSymbol(field);
    if (isVague(fieldType)) flaws.push(`${place}.${name}: its type says nothing`);
    if (hasNull(fieldType) !== mayBeNull(property)) flaws.push(`${place}.${name}: null is allowed on one side alone`);
    compareValues(`${place}.${name}`, property, fieldType);
  }
}

function compareValues(place, schema, type) {
  const values = resolve(schema).enum;
  if (!values) return;
  const told = (type.isUnion() ? type.types : [type]).filter((one) => !(one.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)));
  counts.values += same(`${place}, its values`, told.map((one) => one.value), values.filter((value) => value !== null));
}

/** One of several schemas, each of which is compared by itself. */
function compareOptions(place, options, type) {
  const told = type.isUnion() ? type.types.map((one) => names(schemas).find((name) => member(schemas, name) === one)) : [];
  same(`${place}, its choices`, told, options);
}

const schemas = member(exported.get("components"), "schemas");
counts.schemas = same("schemas", names(schemas), Object.keys(document.components.schemas));
for (const [name, schema] of Object.entries(document.components.schemas)) {
  const type = member(schemas, name);
  if (!type) continue;
  if (schema.enum) compareValues(name, schema, type);
  else if (schema.oneOf) compareOptions(name, schema.oneOf.map(({ $ref }) => $ref.split("/").pop()), type);
  else compare(name, schema, type);
}

const operations = exported.get("operations");
const inDocument = Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })));
counts.operations = same("operations", names(operations), inDocument.map(({ operation }) => operation.operationId));
same("paths", names(exported.get("paths")), Object.keys(document.paths));
for (const { operation } of inDocument) {
  const type = member(operations, operation.operationId);
  if (!type) continue;
  const place = operation.operationId;
  const parameters = (operation.parameters ?? []).map(resolve);
  for (const where of ["query", "header", "path"]) {
    const told = checker.getNonNullableType(member(member(type, "parameters"), where));
    const known = told.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Never) ? [] : names(told);
    counts.parameters += same(`${place}, in the ${where}`, known, parameters.filter((parameter) => parameter.in === where).map(({ name }) => name));
  }
  counts.answers += same(`${place}, its answers`, names(member(type, "responses")), Object.keys(operation.responses));
  for (const [status, answer] of Object.entries(operation.responses)) {
    const content = member(member(member(type, "responses"), status), "content");
    const known = content && !(checker.getNonNullableType(content).flags & ts.TypeFlags.Never) ? names(content) : [];
    same(`${place} ${status}, its media types`, known, Object.keys(resolve(answer).content ?? {}));
  }
  const body = member(type, "requestBody");
  const types = body && !(checker.getNonNullableType(body).flags & ts.TypeFlags.Never) ? names(member(checker.getNonNullableType(body), "content")) : [];
  same(`${place}, its request`, types, Object.keys(resolve(operation.requestBody)?.content ?? {}));
}

if (flaws.length > 0) {
  console.error(flaws.join("\n"));
  process.exit(1);
}
const told = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
console.log(`TypeScript: the same ${told.join(", ")} as in the document`);
