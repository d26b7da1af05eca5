// Each kind of change that breaks callers is caught, what breaks nobody is not, and the changelog lets a break through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { breaks, untold } from "./breaking.mjs";

const OLD = {
  paths: {
    "/areas": {
      get: {
        operationId: "listAreas",
        security: [],
        parameters: [
          { in: "query", name: "limit", schema: { type: "integer", minimum: 1, maximum: 100 } },
          { in: "query", name: "kind", required: true, schema: { type: "string", enum: ["a", "b"] } },
        ],
        responses: {
          200: { headers: { ETag: {} }, content: { "application/json": { schema: { $ref: "#/components/schemas/Area" } }, "application/geo+json": { schema: {} } } },
          404: { $ref: "#/components/responses/NotFound" },
        },
      },
      post: {
        operationId: "createArea",
        security: [{ staffToken: [] }, { partnerKey: [] }],
        requestBody: { required: false, content: { "application/json": { schema: { $ref: "#/components/schemas/NewArea" } }, "application/xml": { schema: {} } } },
        responses: { 201: { content: { "application/json": { schema: { $ref: "#/components/schemas/Area" } } } } },
      },
    },
  },
  components: {
    responses: { NotFound: { content: { "application/problem+json": { schema: { type: "object" } } } } },
    schemas: {
      Base: { type: "object", required: ["id"], properties: { id: { type: "string" } } },
      Area: {
        allOf: [
          { $ref: "#/components/schemas/Base" },
          {
            type: "object",
            required: ["name", "status"],
            properties: {
              name: { type: "string", maxLength: 10 },
              status: { type: "string", enum: ["active", "retired"] },
              parts: { type: "array", items: { $ref: "#/components/schemas/Area" } },
              head: { oneOf: [{ type: "string" }, { type: "null" }] },
            },
          },
        ],
      },
      NewArea: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string", minLength: 1, maxLength: 10 },
          size: { type: "number" },
          kind: { type: "string", enum: ["a", "b"] },
          tags: { type: "array", maxItems: 5, items: { type: "string" } },
          head: { oneOf: [{ type: "string" }, { type: "null" }] },
        },
      },
    },
  },
};

const get = (d) => d.paths["/areas"].get;
const post = (d) => d.paths["/areas"].post;
const input = (d) => d.components.schemas.NewArea;
const output = (d) => d.components.schemas.Area.allOf[1];

const BREAKING = [
  ["DELETE of an operation", (d) => delete d.paths["/areas"].get, "GET /areas"],
  ["another path", (d) => { d.paths["/regions"] = d.paths["/areas"]; delete d.paths["/areas"]; }, "POST /areas"],
  ["another operationId", (d) => (get(d).operationId = "allAreas"), "GET /areas"],
  ["a sign-in where there was none", (d) => (get(d).security = [{ staffToken: [] }]), "GET /areas"],
  ["one way less to sign in", (d) => post(d).security.pop(), "POST /areas"],
  ["a parameter that is gone", (d) => get(d).parameters.shift(), "GET /areas limit"],
  ["a parameter that must be there now", (d) => (get(d).parameters[0].required = true), "GET /areas limit"],
  ["a new parameter that must be there", (d) => get(d).parameters.push({ in: "header", name: "If-Match", required: true, schema: {} }), "GET /areas If-Match"],
  ["a narrower parameter", (d) => (get(d).parameters[0].schema.maximum = 50), "GET /areas limit"],
  ["a parameter with fewer values", (d) => get(d).parameters[1].schema.enum.pop(), "GET /areas kind"],
  ["a body that must be there now", (d) => (post(d).requestBody.required = true), "POST /areas"],
  ["a media type that is no longer taken", (d) => delete post(d).requestBody.content["application/xml"], "POST /areas application/xml"],
  ["a new field that must be there", (d) => { input(d).properties.code = { type: "string" }; input(d).required.push("code"); }, "NewArea.code"],
  ["a field that must be there now", (d) => input(d).required.push("kind"), "NewArea.kind"],
  ["a field that is no longer taken", (d) => delete input(d).properties.kind, "NewArea.kind"],
  ["fewer values in a request", (d) => input(d).properties.kind.enum.pop(), "NewArea.kind"],
  ["a shorter text in a request", (d) => (input(d).properties.name.maxLength = 5), "NewArea.name"],
  ["a longer text in a request", (d) => (input(d).properties.name.minLength = 2), "NewArea.name"],
  ["a pattern in a request", (d) => (input(d).properties.name.pattern = "^a"), "NewArea.name"],
  ["another type in a request", (d) => (input(d).properties.name.type = "integer"), "NewArea.name"],
  ["a narrower type in a request", (d) => (input(d).properties.size.type = "integer"), "NewArea.size"],
  ["a shorter list in a request", (d) => (input(d).properties.tags.maxItems = 4), "NewArea.tags"],
  ["narrower items in a request", (d) => (input(d).properties.tags.items.maxLength = 4), "NewArea.tags[]"],
  ["null that is no longer taken", (d) => input(d).properties.head.oneOf.pop(), "NewArea.head"],
  ["unknown fields that are refused", (d) => (input(d).additionalProperties = false), "NewArea"],
  ["a field that is gone from an answer", (d) => { delete output(d).properties.name; output(d).required.shift(); }, "Area.name"],
  ["a field of a part that is gone from an answer", (d) => delete d.components.schemas.Base.properties.id, "Area.id"],
  ["a field that may be absent now", (d) => output(d).required.pop(), "Area.status"],
  ["more values in an answer", (d) => output(d).properties.status.enum.push("merged"), "Area.status"],
  ["any value in an answer", (d) => delete output(d).properties.status.enum, "Area.status"],
  ["another type in an answer", (d) => (output(d).properties.name.type = ["string", "null"]), "Area.name"],
  ["another kind of thing in an answer", (d) => output(d).properties.head.oneOf.push({ type: "integer" }), "Area.head"],
  ["null in an answer", (d) => (output(d).properties.parts = { oneOf: [output(d).properties.parts, { type: "null" }] }), "Area.parts"],
  ["a status that is no longer answered", (d) => delete get(d).responses["404"], "GET /areas 404"],
  ["a new status of success", (d) => (post(d).responses["202"] = {}), "POST /areas 202"],
  ["a media type that is no longer answered", (d) => delete get(d).responses["200"].content["application/geo+json"], "GET /areas 200 application/geo+json"],
  ["a shared answer of another media type", (d) => (d.components.responses.NotFound.content = { "text/plain": {} }), "responses/NotFound application/problem+json"],
  ["a header that is no longer answered", (d) => delete get(d).responses["200"].headers.ETag, "GET /areas 200"],
];

const HARMLESS = [
  ["nothing", () => {}],
  ["a new operation", (d) => (d.paths["/areas/{id}"] = { get: get(d) })],
  ["a new parameter that may be left out", (d) => get(d).parameters.push({ in: "query", name: "page", schema: { type: "integer" } })],
  ["a parameter that may be left out now", (d) => (get(d).parameters[1].required = false)],
  ["a wider request", (d) => { input(d).properties.name.maxLength = 20; input(d).properties.kind.enum.push("c"); input(d).required = []; }],
  ["a new field in a request", (d) => (input(d).properties.code = { type: "string" })],
  ["a new field in an answer", (d) => (output(d).properties.code = { type: "string" })],
  ["a field that is always there now", (d) => output(d).required.push("parts")],
  ["fewer values in an answer", (d) => output(d).properties.status.enum.pop()],
  ["null in a request", (d) => (input(d).properties.size = { oneOf: [input(d).properties.size, { type: "null" }] })],
  ["a new failure", (d) => (get(d).responses["429"] = {})],
  ["one way more to sign in", (d) => post(d).security.push({ other: [] })],
  ["other words", (d) => (input(d).properties.name.description = "What it is called.")],
];

const changed = (change) => {
  const document = structuredClone(OLD);
  change(document);
  return document;
};

for (const [name, change, place] of BREAKING) {
  test(`caught: ${name}`, () => {
    const found = breaks(OLD, changed(change));
    assert.ok(found.some((one) => one.place === place), `${place} is not among ${JSON.stringify(found)}`);
    const told = `# Changelog\n\n## [Unreleased]\n\n### Breaking\n\n${found.map((one) => `- \`${one.place}\` differs.\n`).join("")}\n## [0.1.0]\n`;
    assert.deepEqual(untold(found, told), []);
    assert.equal(untold(found, told.replace("### Breaking", "### Changed")).length, found.length);
    assert.equal(untold(found, told.replace("## [Unreleased]", "## [0.2.0]")).length, found.length);
  });
}

for (const [name, change] of HARMLESS) {
  test(`let through: ${name}`, () => assert.deepEqual(breaks(OLD, changed(change)), []));
}
