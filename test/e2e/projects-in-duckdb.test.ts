import { describeSeparation } from "../support/projects/describe-separation.ts";

describeSeparation("DuckDB", { args: ["--store", "duckdb"], hasColdTier: false });
