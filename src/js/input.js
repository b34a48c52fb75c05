// What callers hand over: read field by field, and refused by name.
import { flatInside, json, quoted } from "./json.js";

/** A table: the kind of each field, by the sign in front of it, and its name. */
// `!` required text, `|` text or false, `@` time, `#` number, `?` boolean, `{` object, `=` object of texts, `[` attachments,
// `>` function, `-` nothing; without a sign, text.
export const table = (text) => text.split(" ").map((field) => /(\W?)(\w*)/.exec(field).slice(1));

const ATTACHMENT = table("type role value name language attachmentId");
const ATTACHMENT_TYPES = ["code", "text", "image", "iframe"];
const ROLES = ["input", "output"];

/** What a value is, for where its text should not show: it may be private, or the write key. */
export const kindOf = (value) => (Array.isArray(value) ? "an array" : `${typeof value == "object" ? "an" : "a"} ${typeof value}`);
/** A value as it is; an object as what it is. */
const described = (value) => (typeof value == "string" ? JSON.stringify(value) : /^[nb]/.test(typeof value) ? `${value}` : kindOf(value));

/** `given`: what was there, told by `tell`; nothing if nothing was. */
export const wrong = (field, expected, given = "", tell = described) => {
  const told = given === "" || given === null ? "" : `, not ${tell(given)}`;
  throw Object.assign(new TypeError(`${field} ${expected}${told}`), { field });
};

const isObject = (value) => typeof value == "object" && !Array.isArray(value);

/** Epoch milliseconds. */
function time(value, field) {
  const millis =
    typeof value == "string"
      ? Date.parse(/^\d{4}-\d\d/.test(value) ? value : "")
      : typeof value == "number"
        ? value
        : value.getTime?.();
  // The years 0 to 9999, which RFC 3339 can write.
  if (!(millis >= -62167219200000 && millis < 253402300800000)) {
    wrong(field, "must be a Date, an ISO 8601 string or epoch milliseconds", value);
  }
  return Math.trunc(millis);
}

/** A value that its kind allows, as it crosses; `undefined` is no value. */
export function checked(kind, value, field) {
  if (typeof value == "string" && value && (!kind || kind == "!")) return value;
  if (kind == "-" || (value == null && kind != "!") || (kind == "|" && value === false)) return;
  switch (kind) {
    case "@":
      return time(value, field);
    case "#":
      return value >= 0 && typeof value == "number" ? Math.min(Math.round(value), 1e15) : wrong(field, "must be a number, 0 or more", value);
    case "?":
      return typeof value == "boolean" ? value : wrong(field, "must be true or false", value);
    case ">":
      return typeof value == "function" ? value : wrong(field, "must be a function", value, kindOf);
    case "[":
      if (!Array.isArray(value)) wrong(field, "must be an array", value, kindOf);
      // A hole in it is no attachment.
      return Array.from(value, (item, index) => attachment(item, `${field}[${index}]`));
    case "{":
    case "=":
      demandObject(value, field);
      if (kind == "=") {
        return Object.fromEntries(Object.entries(value).filter(([key, text]) => checked("", text, `${field}.${key}`) != null));
      }
      for (const key in value) {
        const type = typeof value[key];
        if (type == "symbol" || type == "function" || type == "bigint") wrong(`${field}.${key}`, `cannot be JSON: it is a ${type}`);
      }
      return value;
  }
  const isRequired = kind == "!";
  if (typeof value != "string" || (isRequired && !value)) wrong(field, `must be a ${isRequired ? "non-empty " : ""}string`, value);
  return value;
}

export function demandObject(value, field) {
  if (!value || !isObject(value)) wrong(field, "must be an object", value, kindOf);
}

/** The values of a table's fields, in its order. */
export function read(table, input, path = "") {
  demandObject(input, path || "the argument");
  return table.map(([kind, name]) => checked(kind, input[name], path ? `${path}.${name}` : name));
}

function attachment(item, path) {
  const values = read(ATTACHMENT, item, path);
  values[5] ??= checked("", item.attachment_id, `${path}.attachment_id`);
  const [type = "", role = "", value] = values;
  oneOf(ATTACHMENT_TYPES, type, `${path}.type`);
  oneOf(ROLES, role, `${path}.role`);
  if (!value) wrong(`${path}.value`, "must not be empty");
  return values;
}

export function oneOf(known, value, field) {
  if (!known.includes(value)) wrong(field, `must be one of ${known.join(", ")}, not ${described(value)}`);
}

/** No values. */
export const NONE = new Map();

/** Values as JSON, by name as JSON: names that are one then have the last value. Not those of the names in `without`. */
export function texts(values, field, ...without) {
  if (!values) return NONE;
  const texts = new Map();
  for (const name of Object.keys(values)) {
    if (without.includes(name)) continue;
    const text = asJson(values[name], `${field}.${name}`);
    if (text !== undefined) texts.set(quoted(name), text);
  }
  return texts;
}

/** A value as one text: a text as it is, anything else as JSON. */
export function asText(value, field) {
  if (value == null || typeof value == "string") return value;
  return asJson(value, field) ?? wrong(field, `cannot be JSON: it is a ${typeof value}`);
}

/** The same, or what stands for such a text inside a string. */
export function asContent(value, field) {
  if (value == null || typeof value == "string") return value;
  const inside = asJson(value, field, flatInside);
  return inside ? { inside } : asText(value, field);
}

function asJson(value, field, write = json) {
  try {
    return write(value);
  } catch (error) {
    wrong(field, `cannot be JSON: ${firstLine(error)}`);
  }
}

const firstLine = (error) => errorText(error).split("\n")[0];

/** The option or argument that an error of `wrong` names, without what is in it. */
export function fieldOf(error) {
  try {
    return `${error.field ?? ""}`.split(/[.[]/)[0];
  } catch {
    return "";
  }
}

/** What an error says. It is the app's own, and may be anything. */
export function errorText(error) {
  try {
    if (error != null) return String(error instanceof Error ? error.message || error.name : error);
  } catch {
    // What it says is not known then.
  }
  return "unknown error";
}
