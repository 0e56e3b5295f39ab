import { describeConformance } from "../../support/conformance.ts";
import { openDuckDbEngine } from "./open-engine.ts";

describeConformance("DuckDB", { runs: 200, repeats: true, open: () => openDuckDbEngine() });
