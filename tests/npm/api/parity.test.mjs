// The same calls make the same bytes here and in native Rust: `tests/suite/parity.rs` reads the same cases.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { PACKAGE, landed } from "./setup.mjs";

const cases = JSON.parse(readFileSync(new URL("../../parity/cases.json", import.meta.url)));

const { version } = JSON.parse(readFileSync(`${PACKAGE}package.json`));

/** Arguments as they are, but for `{"$repeat": [text, times]}`, which is a long text. */
const expanded = (value) => JSON.parse(JSON.stringify(value), (_, value) => (value?.$repeat ? value.$repeat[0].repeat(value.$repeat[1]) : value));

/** What is told of a body: all of it, without what differs from run to run; of a long one its length and its end. */
function told(body) {
  const text = body
    .replace(/"\$context":\{"library".*?\}\}/g, '"$context":{}')
    .replaceAll(`"${version}"`, '"version"')
    .replace(/"(traceId|spanId)":"[^"]*"/g, '"$1":""');
  const bytes = Buffer.byteLength(text);
  return bytes > 4096 ? { bytes, end: text.slice(-60) } : text;
}

async function make(raindrop, calls) {
  let interaction;
  for (const [call, options] of expanded(calls)) {
    const { endTime, error, ...rest } = options;
    const end = (span) => {
      if (error) span.setError(error);
      span.end(endTime);
    };
    if (call == "begin") interaction = raindrop.begin(options);
    else if (call == "finish") interaction.finish(options);
    else if (call == "flush") await raindrop.flush();
    else if (call == "span") end(raindrop.startSpan(rest));
    else if (call == "llmSpan") end(raindrop.startLlmSpan(rest));
    else if (call == "toolSpan") {
      const span = raindrop.startToolSpan(rest);
      if (options.output) span.setOutput(options.output);
      end(span);
    }
    else if (call == "patch") {
      if (options.input) interaction.setInput(options.input);
      interaction.setProperties(options.properties);
      interaction.addAttachments(options.attachments);
    } else raindrop[call](options);
  }
}

for (const { name, cap, calls, requests } of cases) {
  test(name, async () => {
    const { requests: received } = await landed((raindrop) => make(raindrop, calls), { maxTextFieldChars: cap, serviceName: "parity" });
    assert.deepEqual(received.map(({ route, body }) => [route, told(body)]), requests);
  });
}
