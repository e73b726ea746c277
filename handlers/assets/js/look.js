// A look at what somebody wrote in their own words, before it is sent: what
// may show who they or others are is pointed out, and they decide. It happens
// here and nowhere else; nothing is sent for it.

// People who write from right to left, or in Hindi, may type their own digits.
const zeros = [0x660, 0x6f0, 0x966];
const plainDigits = (text) =>
  text.replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/g, (d) => d.charCodeAt(0) - zeros.find((z) => d.charCodeAt(0) - z < 10 && d.charCodeAt(0) >= z));

const digits = (text) => text.replace(/\D/g, "");

// Each has what may stand before it, then what it is: older Safari does not
// know patterns that look behind.
const patterns = {
  email: [/()([^\s@<>()[\],;:"“”]+@[^\s@<>()[\],;:"“”]+\.[a-z]{2,})/gi, () => true],
  nhs_number: [/(^|[^\d])(\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d))/g, isNHSNumber],
  phone: [/(^|[^\d])((?:\+|\(?0)[\d ()-]{7,}\d)/g, isPhone],
  postcode: [/(^|[^a-z\d])([a-z]{1,2}\d[a-z\d]? ?\d[abd-hjlnp-uw-z]{2}(?![a-z\d]))/gi, () => true],
};

// look lists what it finds, each place once: {kind, text}.
export function look(text) {
  const found = [];
  let rest = plainDigits(text);
  for (const [kind, [pattern, isOne]] of Object.entries(patterns)) {
    rest = rest.replace(pattern, (whole, before, match, at) => {
      if (!isOne(digits(match), match)) return whole;
      found.push({ kind, text: text.slice(at + before.length, at + whole.length).trim() });
      return before + "\n".repeat(match.length);
    });
  }
  return found;
}

// A UK number has 10 or 11 digits with its 0; abroad they have up to 15 with
// the country's own. Years, hours and amounts have fewer.
function isPhone(number, written) {
  return number.length >= 10 && number.length <= (/^(\+|\(?00)/.test(written) ? 15 : 11);
}

// The tenth digit of an NHS number is a check digit, modulo 11.
function isNHSNumber(number) {
  if (/^(.)\1+$/.test(number)) return false;
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += number[i] * (10 - i);
  return (11 - (sum % 11)) % 11 === Number(number[9]);
}
