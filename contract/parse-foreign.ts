import { z } from "zod";

/**
 * `safeParse` for JSON that somebody else made. zod compares the `length` of whatever stands in place of a text or a list, and throws when
 * that is an object, as in `{"event_type":{"length":{}}}`: such a value is not valid, and no reason to fail.
 */
export function parseForeign<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  try {
    return schema.safeParse(value, { reportInput: true });
  } catch (error) {
    if (!(error instanceof TypeError && error.message.includes("primitive value"))) throw error;
    const message = "holds an object in place of a text or a list";
    return {
      success: false,
      error: new z.ZodError<z.output<Schema>>([{ code: "custom", path: [], message }]),
    };
  }
}
