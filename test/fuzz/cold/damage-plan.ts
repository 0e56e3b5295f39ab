/** What is done to one file of the cold tier, as data. Places are shares of the file's length. */
export type DamagePlan = {
  readonly kind: string;
  /** Which of the project's files, by number. */
  readonly file: number;
  readonly damage: FileDamage;
};

export type FileDamage =
  | { readonly how: "cut"; readonly at: number }
  | { readonly how: "append"; readonly bytes: number }
  | { readonly how: "flip"; readonly at: number; readonly bit: number }
  | { readonly how: "zero"; readonly at: number; readonly bytes: number }
  | { readonly how: "text" }
  | { readonly how: "remove" }
  | { readonly how: "directory" }
  /** The content of another file: of another month, or of another project. */
  | { readonly how: "swap"; readonly with: "month" | "project" }
  | {
      readonly how: "link";
      readonly to: "project" | "nowhere" | "itself" | "/dev/null" | "/dev/zero";
    }
  /** Beside it, under a name of its own, a copy of another project's file. */
  | { readonly how: "alien"; readonly name: string };
