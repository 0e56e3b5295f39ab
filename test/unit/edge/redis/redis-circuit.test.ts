import { describe, expect, it } from "vitest";
import { CircuitOpenError, createRedisCircuit } from "../../../../edge/redis/redis-circuit.ts";

const FAILURE = new Error("no answer");

function createTestCircuit() {
  const logs: string[] = [];
  const log = (message: string) => void logs.push(message);
  let nowMs = 0;
  const circuit = createRedisCircuit({ info: log, warn: log, error: log }, () => nowMs);
  return {
    circuit,
    logs,
    fail: () => expect(circuit.call(() => Promise.reject(FAILURE))).rejects.toBe(FAILURE),
    passMs: (durationMs: number) => {
      nowMs += durationMs;
    },
  };
}

describe("createRedisCircuit()", () => {
  it("hands on what a call answers", async () => {
    const { circuit } = createTestCircuit();
    expect(await circuit.call(async () => "PONG")).toBe("PONG");
    expect(circuit.state).toBe("closed");
  });

  it("asks nothing after three failures in a row", async () => {
    const { circuit, fail } = createTestCircuit();
    for (let failures = 0; failures < 3; failures += 1) await fail();
    let wasAsked = false;
    const call = circuit.call(async () => {
      wasAsked = true;
    });
    await expect(call).rejects.toThrow(CircuitOpenError);
    await expect(call).rejects.toThrow("Cannot ask Redis: it did not answer lately");
    expect(wasAsked).toBe(false);
  });

  it("logs an outage once when it begins and once when it ends, whatever is asked meanwhile", async () => {
    const { circuit, logs, fail, passMs } = createTestCircuit();
    const underWay = Promise.withResolvers<never>();
    const early = circuit.call(() => underWay.promise);
    for (let failures = 0; failures < 3; failures += 1) await fail();
    underWay.reject(FAILURE);
    await expect(early).rejects.toBe(FAILURE);
    for (let calls = 0; calls < 10; calls += 1) {
      await expect(circuit.call(async () => "PONG")).rejects.toThrow(CircuitOpenError);
    }
    passMs(1_000);
    await fail();
    passMs(2_000);
    expect(await circuit.call(async () => "PONG")).toBe("PONG");
    await circuit.call(async () => "PONG");
    expect(logs).toEqual([
      "redis did not answer a call",
      "redis did not answer a call",
      "redis does not answer: requests pass without it",
      "redis answers again",
    ]);
  });

  it("is asked at least every ten seconds by one call", async () => {
    const { circuit, fail, passMs } = createTestCircuit();
    for (let failures = 0; failures < 3; failures += 1) await fail();
    for (let probes = 0; probes < 10; probes += 1) {
      passMs(10_000);
      await fail();
      await expect(circuit.call(async () => "PONG")).rejects.toThrow(CircuitOpenError);
    }
    passMs(10_000);
    expect(await circuit.call(async () => "PONG")).toBe("PONG");
  });
});
