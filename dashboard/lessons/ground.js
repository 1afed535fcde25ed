// Colours that grow away from the page's ground: on a light page the darker the larger, on a dark page the lighter the larger.

const RAMPS = {
  light: {
    size: ["#f2f4ef", "#9fd3c7", "#3a8fa6", "#234f83", "#1b1546"], // from nothing
    signed: ["#053061", "#4393c3", "#f4f4f0", "#d6604d", "#67001f"], // minus to plus
  },
  dark: {
    size: ["#1c2429", "#1f5673", "#2f93a3", "#7fd0a4", "#f6f7c4"],
    signed: ["#b5dcff", "#3f80b8", "#20282c", "#bb5c3a", "#ffc6ab"],
  },
};

// Whether the ground of the page under an element, its `--ground`, is dark.
function isDark(root) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(root).getPropertyValue("--ground").trim() || "#fff";
  const [red, green, blue] = probe.fillStyle.match(/\w\w/g).map((one) => parseInt(one, 16));
  return red * 0.3 + green * 0.59 + blue * 0.11 < 128;
}

function rampOf(root, name) {
  return RAMPS[isDark(root) ? "dark" : "light"][name];
}
