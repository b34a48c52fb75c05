// What becomes of interactions until they are sent, and of those that are not.
import assert from "node:assert/strict";
import test from "node:test";
import { Raindrop, landed, told, withClient } from "./setup.mjs";

const attachment = (length) => ({ type: "text", role: "input", value: "x".repeat(length) });

/** The books balance at any moment. */
function assertBalanced({ accepted, delivered, dropped, pending, deliveredOf, droppedOf, pendingOf }) {
  assert.equal(accepted, delivered + dropped + pending);
  for (const [sum, of] of [[delivered, deliveredOf], [dropped, droppedOf], [pending, pendingOf]]) {
    assert.equal(sum, Object.values(of).reduce((one, other) => one + other));
  }
}

test("an open interaction is pending until a flush has sent what is new, and again when there is more", async () => {
  await withClient(async ({ raindrop }) => {
    const pending = () => {
      assertBalanced(raindrop.stats());
      return raindrop.stats().pendingOf.partials;
    };
    const interaction = raindrop.begin({ userId: "u", input: "hi" });
    interaction.setProperty("a", 1);
    assert.equal(pending(), 1);
    await raindrop.flush();
    assert.equal(pending(), 0);
    assert.equal((await raindrop.flush()).requests, 0);
    interaction.setProperty("a", 2);
    assert.equal(pending(), 1);
    interaction.finish({ output: "bye" });
    assert.equal(pending(), 1);
    await raindrop.flush();
    assert.deepEqual([pending(), raindrop.stats().delivered], [0, 2]);
  });
});

test("an interaction without content is dropped when it ends, and counted", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    raindrop.begin({ userId: "u", properties: { a: 1 } }).finish();
    assert.equal(raindrop.stats().droppedBy.emptyInteraction, 1);
    assertBalanced(raindrop.stats());
    await raindrop.flush();
    assert.deepEqual(await ingest.requests(), []);
  });
});

test("an interaction whose user is not known waits for one who says it", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    const lines = await told("warn", () => raindrop.resumeInteraction("elsewhere").finish({ output: "done" }));
    assert.match(lines.join(), /"elsewhere" is finished and held back: its user is not known/);
    await raindrop.flush();
    assert.deepEqual([(await ingest.requests()).length, raindrop.stats().pending], [0, 1]);
    raindrop.resumeInteraction("elsewhere", { userId: "u" });
    await raindrop.flush();
    const { elsewhere } = (await ingest.received()).interactions;
    assert.deepEqual([elsewhere.user_id, elsewhere.ai_data, elsewhere.is_pending], ["u", { output: "done" }, false]);
  });
});

test("who says it may be a scope, and then it goes out at the end of the task", async () => {
  await withClient(
    async ({ raindrop, ingest }) => {
      await told("warn", () => raindrop.resumeInteraction("elsewhere").finish({ output: "done" }));
      await raindrop.flush();
      raindrop.scope().resumeInteraction("elsewhere", { userId: "u" });
      const [{ body }] = await ingest.requests(1);
      assert.equal(JSON.parse(body).user_id, "u");
    },
    { flushOnFinish: true },
  );
});

test("one whose user never becomes known is dropped by close, counted and reported", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    raindrop.resumeInteraction("elsewhere").setInput("hi");
    const report = await raindrop.close();
    assert.deepEqual([report.dropped, report.droppedOf.partials, report.droppedBy.unknownUser], [1, 1, 1]);
    assert.equal(raindrop.stats().droppedBy.unknownUser, 1);
    assertBalanced(raindrop.stats());
    assert.deepEqual(await ingest.requests(), []);
  });
});

test("at the limit a new interaction is dropped, unless one without a user can go", async () => {
  await withClient(
    async ({ raindrop, ingest }) => {
      await told("warn", () => {
        raindrop.resumeInteraction("held").setInput("hi");
        for (const eventId of ["a", "b", "c"]) raindrop.begin({ userId: "u", input: "hi", eventId });
        raindrop.resumeInteraction("a").finish({ output: "still fits" });
      });
      const { droppedBy } = raindrop.stats();
      assert.deepEqual([droppedBy.unknownUser, droppedBy.queueFull], [1, 1]);
      assertBalanced(raindrop.stats());
      await raindrop.flush();
      assert.deepEqual(Object.keys((await ingest.received()).interactions).sort(), ["a", "b"]);
    },
    { eventMaxQueueSize: 2 },
  );
});

test("attachments that add up go out in requests of their own, in order", async () => {
  const { partials, interactions } = await landed((raindrop) => {
    const interaction = raindrop.begin({ userId: "u", input: "hi", eventId: "e" });
    for (let number = 0; number < 5; number++) interaction.addAttachments([attachment(300_000)]);
    interaction.finish({ output: "bye" });
  });
  assert.deepEqual(partials.map(({ is_pending, attachments }) => [is_pending, attachments.length]), [[true, 2], [true, 2], [false, 1]]);
  assert.deepEqual(interactions.e.ai_data, { input: "hi", output: "bye" });
});

test("a property that is too deep to be cut holds up nothing", async () => {
  let deep = 1;
  for (let level = 0; level < 3000; level++) deep = [deep];
  const sent = [];
  const fetch = async (_, { body }) => {
    sent.push(body);
    return new Response();
  };
  const raindrop = new Raindrop({ writeKey: "rk", fetch, flushOnFinish: false, maxTextFieldChars: 100 });
  raindrop.begin({ userId: "u", input: "hi", properties: { deep } });
  raindrop.begin({ userId: "u", input: "hi" });
  assert.equal((await raindrop.close()).delivered, 2);
  assert.ok(sent[0].includes(JSON.stringify(deep)));
});

test("what many open interactions hold is bounded", async () => {
  await withClient(async ({ raindrop }) => {
    await told("warn", () => {
      for (let number = 0; number < 100; number++) raindrop.begin({ userId: "u", input: "x".repeat(300_000) });
    });
    const { accepted, droppedBy } = raindrop.stats();
    assert.equal(accepted, 100);
    assert.ok(droppedBy.queueFull > 60, String(droppedBy.queueFull));
    assertBalanced(raindrop.stats());
  });
});

test("a late property and a second end find an interaction that has ended", async () => {
  const { partials } = await landed(async (raindrop) => {
    const interaction = raindrop.begin({ userId: "u", input: "hi" });
    interaction.finish({ output: "bye" });
    await raindrop.flush();
    interaction.setProperty("late", true);
    interaction.finish({ output: "ignored" });
  });
  assert.deepEqual(partials.map(({ is_pending, ai_data, properties }) => [is_pending, ai_data?.output, properties.late]), [
    [false, "bye", undefined],
    [false, undefined, true],
  ]);
});

test("an interaction begun again without a name keeps the name that it has", async () => {
  const { partials } = await landed(async (raindrop) => {
    for (const flushes of [true, false]) {
      const eventId = String(flushes);
      raindrop.begin({ eventId, userId: "u", event: "chat", input: "a" });
      if (flushes) await raindrop.flush();
      raindrop.begin({ eventId, userId: "u", input: "b" });
    }
  });
  assert.deepEqual(partials.map(({ event_id, event }) => [event_id, event]), [["true", "chat"], ["true", "chat"], ["false", "chat"]]);
});

test("what was told of an interaction last counts, whatever an older handle knew", async () => {
  const { interactions } = await landed(async (raindrop) => {
    const older = raindrop.begin({ eventId: "e", userId: "u1", event: "old", convoId: "c1", model: "m1", input: "hi" });
    raindrop.begin({ eventId: "e", userId: "u2", event: "new", convoId: "c2", model: "m2" });
    older.setProperty("a", 1);
    await raindrop.flush();
    raindrop.resumeInteraction("e", { convoId: "c3" });
    older.setProperty("b", 2);
  });
  const { user_id, event, ai_data } = interactions.e;
  assert.deepEqual({ user_id, event }, { user_id: "u2", event: "new" });
  assert.deepEqual(ai_data, { input: "hi", convo_id: "c3", model: "m2" });
});

test("a call that is ignored, refused or without room tells nothing of an interaction", async () => {
  await withClient(
    async ({ raindrop, ingest, errors }) => {
      const ended = raindrop.begin({ eventId: "ended", userId: "u", input: "hi" });
      ended.finish({ output: "bye", model: "m1" });
      ended.finish({ output: "ignored", model: "m2" });
      ended.finish({ output: 7, model: "m3" });
      await raindrop.flush();
      const other = raindrop.begin({ userId: "u", input: "in the way" });
      await told("warn", () => {
        ended.finish({ output: "no room", model: "m4" });
        raindrop.begin({ eventId: "ended", userId: "no room" });
      });
      other.finish();
      await raindrop.flush();
      ended.setProperty("late", true);
      await raindrop.flush();
      const { user_id, ai_data } = (await ingest.received()).interactions.ended;
      assert.deepEqual([user_id, ai_data.model, errors.length], ["u", "m1", 1]);
    },
    { eventMaxQueueSize: 1 },
  );
});

test("what is handed over may change afterwards", async () => {
  const { interactions } = await landed((raindrop) => {
    const tags = ["first"];
    const properties = { tags };
    const interaction = raindrop.begin({ userId: "u", input: "hi", eventId: "e", properties });
    tags.push("second");
    properties.more = true;
    interaction.finish({ output: "bye" });
  });
  const { tags, more } = interactions.e.properties;
  assert.deepEqual([tags, more], [["first"], undefined]);
});

test("what a scope holds that is never closed goes with a flush of another, a minute later", async (context) => {
  let now = performance.now();
  context.mock.method(performance, "now", () => now);
  await withClient(async ({ raindrop, ingest }) => {
    const dead = raindrop.scope();
    dead.begin({ userId: "u", input: "hi", eventId: "open" });
    dead.resumeInteraction("nobody's").setInput("hi");
    dead.track({ userId: "u", eventId: "complete" });
    await raindrop.scope().flush();
    now += 61_000;
    await raindrop.scope().flush();
    now += 61_000;
    await raindrop.scope().flush();
    const { interactions, events } = await ingest.received();
    assert.equal(interactions.open.ai_data.input, "hi");
    assert.deepEqual(events.map(({ event_id }) => event_id), ["complete"]);
    assert.equal(raindrop.stats().droppedBy.unknownUser, 1);
    assert.equal(raindrop.stats().pending, 0);
    assertBalanced(raindrop.stats());
  });
});
