"""Compares the generated Python with the document: every schema with its fields, which of them must be there, the values of every
enum, and every operation with its parameters. A body with all fields of a schema is read and written again: none is dropped.
`python fields.py DOCUMENT`."""

import importlib
import inspect
import json
import pkgutil
import re
import sys
from enum import Enum
from pathlib import Path

import attrs
import nara_client.api
from nara_client import models
from nara_client.types import Unset

document = json.loads(Path(sys.argv[1]).read_text())
schemas = document["components"]["schemas"]
flaws: list[str] = []
counts = dict.fromkeys(["schemas", "fields", "values", "operations", "parameters"], 0)


def resolve(value):
    while "$ref" in value:
        found = document
        for part in value["$ref"][2:].split("/"):
            found = found[part.replace("~1", "/")]
        value = found
    return value


def shape(schema):
    """The fields of a schema, those of its parts included, and which of them must be there."""
    schema = resolve(schema)
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
    for part in schema.get("allOf", []):
        of_part, required_by_part = shape(part)
        properties |= of_part
        required |= required_by_part
    return properties, required


def sample(schema, within=()):
    """A value with every field of the schema; None for one inside of itself."""
    name = schema.get("$ref")
    if name in within:
        return None
    within = (*within, name) if name else within
    schema = resolve(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if options := schema.get("oneOf") or schema.get("anyOf"):
        return sample(options[0], within)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        item = sample(schema["items"], within)
        return [] if item is None else [item] * schema.get("minItems", 1)
    if kind == "object" or "allOf" in schema or "properties" in schema:
        found = {name: sample(field, within) for name, field in shape(schema)[0].items()}
        return {name: value for name, value in found.items() if value is not None}
    if kind == "string":
        by_format = {"date": "2026-11-21", "date-time": "2026-11-21T14:30:00+00:00", "uuid": "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"}
        return by_format.get(schema.get("format"), "text")
    return {"integer": 1, "number": 1.5, "boolean": True}[kind]


def may_be_null(schema):
    return "null" in schema.get("type", []) or any(option.get("type") == "null" for option in schema.get("oneOf", []))


def same(place, has, wants):
    has, wants = sorted(has), sorted(wants)
    if has != wants:
        flaws.append(f"{place}: the types have {has}, the document {wants}")
    return len(wants)


def plain(name):
    """A name without what each language does to names."""
    return re.sub("[^a-z0-9]", "", re.sub("^field_", "", name).lower())


for name, schema in schemas.items():
    counts["schemas"] += 1
    if "oneOf" in schema:
        # A choice has no type of its own, and each of its schemas is compared by itself.
        assert all(option["$ref"].rsplit("/", 1)[1] in schemas for option in schema["oneOf"])
        continue
    kind = getattr(models, name, None)
    if kind is None:
        flaws.append(f"{name}: there is no such type")
        continue
    if "enum" in schema:
        assert issubclass(kind, Enum)
        counts["values"] += same(name, [value.value for value in kind], schema["enum"])
        continue
    properties, required = shape(schema)
    fields = [field for field in attrs.fields(kind) if field.name != "additional_properties"]
    counts["fields"] += same(name, [plain(field.name) for field in fields], [plain(field) for field in properties])
    must = [plain(field.name) for field in fields if field.default is attrs.NOTHING]
    same(f"{name}, what must be there", must, [plain(field) for field in required if field in properties])
    body = sample({"$ref": f"#/components/schemas/{name}"})
    read = kind.from_dict(body)
    if unread := getattr(read, "additional_properties", None):
        flaws.append(f"{name}: these fields are not read: {unread}")
    if (written := read.to_dict()) != body:
        flaws.append(f"{name}: {body} is written as {written}")
    for field in (field for field in body if may_be_null(properties[field])):
        if kind.from_dict(body | {field: None}).to_dict() != body | {field: None}:
            flaws.append(f"{name}.{field}: null is not kept")
    unset = [field.name for field in fields if isinstance(getattr(read, field.name), Unset)]
    same(f"{name}, what is read of a body with all fields", [plain(field) for field in properties if field not in body], map(plain, unset))

functions = {}
for tag in pkgutil.iter_modules(nara_client.api.__path__):
    package = importlib.import_module(f"nara_client.api.{tag.name}")
    for operation in pkgutil.iter_modules(package.__path__):
        functions[plain(operation.name)] = importlib.import_module(f"{package.__name__}.{operation.name}").sync_detailed
operations = [operation for item in document["paths"].values() for operation in item.values()]
counts["operations"] = same("operations", functions, [plain(operation["operationId"]) for operation in operations])
for operation in operations:
    function = functions.get(plain(operation["operationId"]))
    if function is None:
        continue
    wants = [plain(resolve(parameter)["name"]) for parameter in operation.get("parameters", [])]
    has = [plain(parameter) for parameter in inspect.signature(function).parameters if parameter != "client"]
    counts["parameters"] += len(wants)
    same(operation["operationId"], has, wants + ["body"] * ("requestBody" in operation))

if flaws:
    sys.exit("\n".join(flaws))
print("Python: the same " + ", ".join(f"{count} {name}" for name, count in counts.items()) + " as in the document")
