import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EVENTS_STREAM, STORE_CONSUMER } from "../../../contract/stream.ts";
import { ensureConsumer } from "../../../worker/streams.ts";
import { type NatsService, startNats } from "../../support/nats.ts";
import { poll } from "../../support/poll.ts";
import { createNatsCli, type NatsCli } from "./nats-cli.ts";

let nats: NatsService;
let cli: NatsCli;

beforeAll(async () => {
  nats = await startNats();
  cli = await createNatsCli(nats);
});

beforeEach(() => cli.recreateStreams());

afterAll(async () => {
  await cli?.close();
  await nats?.stop();
});

describe("sluice replay --dry-run", () => {
  test("tells how much it would be, and leaves no consumer behind", async () => {
    const [first, , third, last] = await publishAll(["shop", "blog", "shop", "blog"]);
    const all = await cli.run("replay", "--since", "all", "--dry-run");
    expect(all.stdout).toMatch(
      new RegExp(
        `^Would replay 4 messages of [\\d.]+ k?B together, received from ${seconds(first)} to ${seconds(last)}\n$`,
      ),
    );
    expect(all).toMatchObject({ code: 0, stderr: "" });
    const shop = await cli.run(
      "replay",
      "--since",
      "1h",
      "--project",
      "shop",
      "--dry-run",
      "--json",
    );
    expect(JSON.parse(shop.stdout)).toEqual({
      messages: 2,
      bytes: null,
      first: seconds(first),
      last: seconds(third),
    });
    expect(await consumers()).toEqual([]);
  });

  test("keeps to a stretch of time", async () => {
    const [first, second, third] = await publishAll(["shop", "blog", "shop", "blog"]);
    const range = ["--since", exact(second), "--until", exact(third)];
    const { stdout } = await cli.run("replay", ...range, "--dry-run", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ messages: 1, last: seconds(second) });
    const shop = ["--since", exact(first), "--until", exact(third), "--project", "shop"];
    const { stdout: ofShop } = await cli.run("replay", ...shop, "--dry-run", "--json");
    expect(JSON.parse(ofShop)).toMatchObject({ messages: 1, last: seconds(first) });
  });

  test("says from when on messages exist", async () => {
    const [first] = await publishAll(["shop"]);
    const { stderr } = await cli.run("replay", "--since", "2w", "--dry-run");
    expect(stderr).toBe(`The stream holds messages from ${seconds(first)} on, no older ones\n`);
  });
});

describe("sluice replay", () => {
  test.each([
    ["an empty stream", [], ["--since", "all"]],
    ["another project", ["shop"], ["--since", "1h", "--project", "blog"]],
    ["a time without messages", ["shop"], ["--since", "2d", "--until", "1d"]],
  ])("has nothing to replay of %s", async (_, projects, args) => {
    await publishAll(projects);
    const { code, stdout } = await cli.run("replay", ...args);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "Nothing to replay: the stream holds no such messages\n",
    });
    expect(await consumers()).toEqual([]);
  });

  test("asks the workers for it by a durable consumer", async () => {
    const times = await publishAll(["shop", "blog", "shop"]);
    const since = exact(times[1]);
    cli.start("replay", "--since", since, "--project", "shop", "--rate", "123");
    const [config] = await poll("the replay", async () => {
      // Beside it come and go those that find the range.
      const found = (await consumers()).filter(({ durable_name }) => durable_name !== undefined);
      return found.length > 0 && found;
    });
    expect(config).toMatchObject({
      durable_name: expect.stringMatching(/^replay-[0-9a-f]{8}$/),
      description: '{"end_sequence":3,"events_per_second":123}',
      deliver_policy: "by_start_time",
      filter_subject: "events.shop",
      ack_policy: "explicit",
      ack_wait: 30e9,
      max_ack_pending: 1_000,
      max_deliver: -1,
      inactive_threshold: 24 * 3_600e9,
      num_replicas: 1,
    });
    // The server writes a time without trailing zeros.
    expect(Date.parse(config?.opt_start_time ?? "")).toBe(Date.parse(since));
  });

  test("goes on in the workers after Ctrl-C, can be seen and cancelled", async () => {
    await publishAll(["shop"]);
    const { child, output, done } = cli.start("replay", "--since", "1h");
    const [, name = ""] = await poll("its name", () => /^Began (\S+);/m.exec(output.stderr));
    child.kill("SIGINT");
    const { code, stdout, stderr } = await done;
    expect(stderr).toContain(`The replay goes on in the workers`);
    expect(stderr).toContain(`sluice replay cancel ${name}`);
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });

    const table = await cli.run("replay", "list");
    expect(table.stdout).toMatch(/^NAME +BEGUN AT +PROJECT +EVENTS\/S +STORED UP TO +END +STATE\n/);
    expect(table.stdout).toMatch(new RegExp(`^${name} .* 5000 +0 +1  waits for a worker$`, "m"));
    expect(table.stderr).toBe("1 replay\n");
    const { stdout: json } = await cli.run("replay", "list", "--json");
    expect(JSON.parse(json)).toMatchObject({
      name,
      project: null,
      end_sequence: 1,
      state: "waiting",
    });

    expect(await cli.run("replay", "cancel", name)).toEqual({
      code: 0,
      stdout: `Cancelled ${name}\n`,
      stderr: "",
    });
    expect(await consumers()).toEqual([]);
    expect(await cli.run("replay", "list")).toMatchObject({ stdout: "", stderr: "No replays\n" });
  });

  test("is told when somebody else cancels it", async () => {
    await publishAll(["shop"]);
    const { output, done } = cli.start("replay", "--since", "1h");
    const [, name = ""] = await poll("its name", () => /^Began (\S+);/m.exec(output.stderr));
    await cli.run("replay", "cancel", name.replace("replay-", ""));
    const { code, stdout, stderr } = await done;
    expect(stderr).toContain(`sluice: ${name} was cancelled by somebody else before its end\n`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test("keeps watching while NATS restarts", async () => {
    await publishAll(["shop"]);
    const { child, output, done } = cli.start("replay", "--since", "1h");
    await poll("its begin", () => output.stderr.includes("Began"));
    await nats.kill();
    await poll("the notice", () => output.stderr.includes("NATS does not answer"), 30_000);
    await nats.restart();
    const [config] = await poll("the replay", async () => {
      const found = await consumers();
      return found.length > 0 && found;
    });
    await cli.manager.consumers.delete(EVENTS_STREAM, config?.durable_name ?? "");
    expect(await done).toMatchObject({ code: 0 });
    expect(child.exitCode).toBe(0);
  });

  test("never deletes a consumer that is no replay", async () => {
    await ensureConsumer(cli.manager, 30_000);
    const { code, stderr } = await cli.run("replay", "cancel", STORE_CONSUMER);
    expect(stderr).toContain("There is no replay replay-store");
    expect(code).toBe(1);
    expect((await consumers()).map(({ durable_name }) => durable_name)).toEqual([STORE_CONSUMER]);
  });

  test.each([
    [[], "--since is missing: say from when on to replay, such as --since 2h"],
    [["--since", "2x"], '"2x" is neither a time ago such as 90s, 15m, 2h, 3d, 2w nor RFC 3339'],
    [["--since", "2999-01-01T00:00:00Z"], '"2999-01-01T00:00:00Z" lies in the future'],
    [["--since", "1h", "--until", "2h"], "--until must be later than --since"],
    [["--since", "1h", "--project", "a.b"], '"a.b" is not a project'],
    [["--since", "1h", "--rate", "0"], "It must be a whole number from 1 to 1000000."],
    [["cancel"], "missing required argument 'name'"],
    [["cancel", "a b"], '"a b" is not the name of a replay'],
    [["--since", "1h", "extra"], "too many arguments"],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await cli.run("replay", ...args);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

/** Returns when the stream stored each. */
async function publishAll(projects: readonly string[]): Promise<Date[]> {
  const times: Date[] = [];
  for (const [index, project] of projects.entries()) {
    await cli.publish(`events.${project}`, `message ${index}`);
    const message = await cli.manager.streams.getMessage(EVENTS_STREAM, { seq: index + 1 });
    const time = message?.time ?? new Date(0);
    times.push(time);
    // A moment on the command line is given to the millisecond: no two may share one.
    await poll("the next millisecond", () => Date.now() > time.getTime() + 1);
  }
  return times;
}

function seconds(time: Date | undefined): string {
  return `${time?.toISOString().slice(0, 19)}Z`;
}

function exact(time: Date | undefined): string {
  return time?.toISOString() ?? "";
}

async function consumers() {
  const configs = [];
  for await (const { config } of cli.manager.consumers.list(EVENTS_STREAM)) configs.push(config);
  return configs;
}
