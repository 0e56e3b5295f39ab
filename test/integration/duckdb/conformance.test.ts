import { describeConformance } from "../../support/conformance.ts";
import { runs } from "../../support/thoroughness.ts";
import { openDuckDbEngine } from "./open-engine.ts";

describeConformance("DuckDB", {
  runs: runs(40, 1_000),
  repeats: true,
  open: () => openDuckDbEngine(),
});
