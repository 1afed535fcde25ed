// A table of bits to click and of the states after each; every click on a bit sends all bits to Python.

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".machine");
  const focused = root.querySelector("button:focus")?.dataset.place;
  root.replaceChildren(table(data, (place) => {
    const bits = [...data.bits];
    bits[place] = bits[place] === "1" ? "0" : "1";
    setStateValue("bits", bits.join(""));
  }));
  if (focused !== undefined) root.querySelector(`button[data-place="${focused}"]`)?.focus();
}

function table(data, flip) {
  const made = element("table");
  made.append(row("bit", ["start", ...data.bits].map((bit, place) => {
    const cell = element("td");
    if (place === 0) {
      cell.textContent = bit;
      return cell;
    }
    const button = element("button");
    button.textContent = bit;
    button.dataset.place = place - 1;
    button.setAttribute("aria-pressed", bit === "1");
    button.setAttribute("aria-label", `bit ${place} is ${bit}; flip it`);
    button.addEventListener("click", () => flip(place - 1));
    cell.append(button);
    return cell;
  })));
  data.names.forEach((name, unit) => made.append(row(name, data.states.map((state) => value(state[unit])))));
  made.append(row("answer", data.answers.map((answer, place) => {
    const cell = element("td");
    const right = answer === data.truth[place];
    cell.textContent = right ? answer : `${answer} ✗`;
    cell.className = right ? "" : "wrong";
    cell.title = right ? "right" : `wrong: it is ${data.truth[place]}`;
    return cell;
  })));
  return made;
}

function value(number) {
  const cell = element("td");
  cell.textContent = number.toFixed(2).replace("-", "−");
  const strength = Math.round(45 * Math.min(1, Math.abs(number)));
  cell.style.background = `color-mix(in srgb, ${number > 0 ? "#b2182b" : "#2166ac"} ${strength}%, transparent)`;
  return cell;
}

function row(name, cells) {
  const made = element("tr");
  const head = element("th");
  head.scope = "row";
  head.textContent = name;
  made.append(head, ...cells);
  return made;
}

function element(name) {
  return document.createElement(name);
}
