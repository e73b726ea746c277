// Takes answers out of a form and puts them in, question by question, as they
// are kept on the device and carried from one language to another.

const inputsOf = (field) => [...field.el.querySelectorAll("input[name], textarea[name]")];
const ticked = (input) => /^(radio|checkbox)$/.test(input.type);

// answerOf is everything that was filled in for a question: lists of values by
// wire name. A question that was not answered gives {}.
export function answerOf(field) {
  const answer = {};
  for (const input of inputsOf(field)) {
    if (ticked(input) ? !input.checked : !input.value) continue;
    answer[input.name] = [...(answer[input.name] || []), input.value];
  }
  return answer;
}

// putAnswer makes a question say exactly that.
export function putAnswer(field, answer = {}) {
  for (const input of inputsOf(field)) {
    const values = answer[input.name] || [];
    if (ticked(input)) input.checked = values.includes(input.value);
    else if (input.value !== (values[0] || "")) input.value = values[0] || "";
  }
  field.update();
}

export const isSame = (one, other) => JSON.stringify(one || {}) === JSON.stringify(other || {});
