// The condition language of forms.Condition, evaluated in the page exactly as
// the server does it. forms/testdata/conditions.json holds the cases that both
// must agree on.

// A date is answered in parts; any of them is a value. "other" and "estimated"
// are none, and a ticked "unknown" sets the value aside.
const wireName = /^(?:([a-z0-9_]+)\.(\d+)\.)?([a-z0-9_]+)(?:\.(day|month|year))?$/;

// valuesIn answers "which values has this field?" for one reader: a question
// outside every group (member null), or one in {group, index}. A field of the
// reader's own group means that same member's; of another group, any member's.
export function valuesIn(answers) {
  const byField = new Map();
  for (const [wire, values] of Object.entries(answers)) {
    const match = wireName.exec(wire);
    if (!match || values.length === 0) continue;
    const [, group, index, field, part] = match;
    const question = part ? wire.slice(0, -part.length - 1) : wire;
    if (answers[`${question}.unknown`]) continue;
    if (!byField.has(field)) byField.set(field, []);
    byField.get(field).push({ group, index: Number(index), values });
  }
  return (field, member) =>
    (byField.get(field) || [])
      .filter((a) => !member || a.group !== member.group || a.index === member.index)
      .flatMap((a) => a.values);
}

export function evaluate(condition, values) {
  if (!condition) return true;
  if (condition.field) {
    const got = values(condition.field);
    if (condition.exists !== undefined) return (got.length > 0) === condition.exists;
    return got.some((v) => (condition.eq && v === condition.eq) || (condition.in || []).includes(v));
  }
  if (condition.all) return condition.all.every((sub) => evaluate(sub, values));
  if (condition.any) return condition.any.some((sub) => evaluate(sub, values));
  if (condition.not) return !evaluate(condition.not, values);
  return true;
}

// holds is what the shared cases call: answers are {wire name: [values]}.
export function holds(condition, answers, member) {
  const values = valuesIn(answers);
  return evaluate(condition, (field) => values(field, member));
}
