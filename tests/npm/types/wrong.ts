// What the types refuse: each line is an error under `strict`, or this file does not compile.
import { Raindrop, RaindropError } from "raindrop-edge";

const raindrop = new Raindrop({ writeKey: "rk" });
const interaction = raindrop.begin({ userId: "u" });

// @ts-expect-error a key is a text
new Raindrop({ writeKey: 1 });
// @ts-expect-error an option of the Rust API
new Raindrop({ write_key: "rk" });
// @ts-expect-error milliseconds, not text
new Raindrop({ requestTimeoutMs: "30s" });
// @ts-expect-error only `false` turns Workshop off
new Raindrop({ localWorkshopUrl: true });
// @ts-expect-error not a fetch
new Raindrop({ fetch: 1 });

// @ts-expect-error neither input nor output
raindrop.trackAi({ userId: "u" });
// @ts-expect-error whose event?
raindrop.trackAi({ input: "hi" });
// @ts-expect-error ids are texts
raindrop.trackAi({ userId: 7, input: "hi" });
// @ts-expect-error one of several
raindrop.trackAi([{ userId: "u", input: "hi" }, { userId: "u" }]);
// @ts-expect-error JSON holds no functions
raindrop.track({ userId: "u", properties: { f: () => 1 } });
// @ts-expect-error JSON holds no BigInt
raindrop.track({ userId: "u", properties: { n: 1n } });
// @ts-expect-error JSON holds no symbols
raindrop.track({ userId: "u", properties: { s: Symbol("s") } });
// @ts-expect-error no time
raindrop.track({ userId: "u", timestamp: true });
// @ts-expect-error variants are texts
raindrop.track({ userId: "u", featureFlags: { theme: true } });
// @ts-expect-error unknown kind of attachment
raindrop.track({ userId: "u", attachments: [{ type: "video", role: "input", value: "v" }] });
// @ts-expect-error unknown role
raindrop.track({ userId: "u", attachments: [{ type: "text", role: "context", value: "v" }] });
// @ts-expect-error an attachment without a value
raindrop.track({ userId: "u", attachments: [{ type: "text", role: "input" }] });

// @ts-expect-error unknown sentiment
raindrop.trackSignal({ eventId: "e", name: "n", sentiment: "positive" });
// @ts-expect-error unknown type
raindrop.trackSignal({ eventId: "e", name: "n", type: "like" });
// @ts-expect-error of which event?
raindrop.trackSignal({ name: "n" });
// @ts-expect-error which signal?
raindrop.trackSignal({ eventId: "e" });
// @ts-expect-error who?
raindrop.identify({ traits: {} });

// @ts-expect-error the id is read only
interaction.eventId = "other";
// @ts-expect-error the input belongs to begin
interaction.finish({ input: "hi" });
// @ts-expect-error a text
interaction.setInput(1);
// @ts-expect-error spans have names
interaction.startSpan({});
// @ts-expect-error a parent is a span
interaction.startSpan({ name: "s", parent: "s" });
// @ts-expect-error errors are caught, not made
new RaindropError("m", "http");
// @ts-expect-error a model answers in text
raindrop.startLlmSpan({ name: "l" }).setOutput({});
// @ts-expect-error a message has a role
raindrop.startLlmSpan({ name: "l", messages: [{ content: "hi" }] });
// @ts-expect-error tools have no prompt
raindrop.startToolSpan({ name: "t" }).setMessages([]);
// @ts-expect-error counts are numbers
raindrop.startLlmSpan({ name: "l" }).setTokenUsage({ inputTokens: "3" });
// @ts-expect-error what to run?
raindrop.withSpan({ name: "s" });
// @ts-expect-error the result is that of the work
const text: string = raindrop.withSpan({ name: "s" }, () => 1);
// @ts-expect-error a report is no text
const report: string = await raindrop.flush();
console.log(text, report);
