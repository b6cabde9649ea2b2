// Two images over each other with a divider between them; tells Python which point is picked.
const MOVED = 5; // pixels from which on a pointer drags and does not pick

export default function ({ parentElement, data, setTriggerValue }) {
  const find = (name) => parentElement.querySelector("." + name);
  const frame = find("frame"), divider = find("divider"), cross = find("cross"), mark = find("mark");

  frame.style.aspectRatio = `${data.width} / ${data.height}`;
  frame.style.maxWidth = `calc(78vh * ${data.width / data.height})`;
  frame.ariaLabel = `${data.left} and ${data.right}.`;
  if (data.picks) frame.ariaLabel += " Arrow keys and Enter pick a point.";
  frame.tabIndex = data.picks ? 0 : -1;
  frame.style.cursor = data.picks ? "crosshair" : "default";
  divider.ariaLabel = `Divider between ${data.left} and ${data.right}`;
  for (const [name, source] of [["before", data.before], ["after", data.after]]) {
    const image = find(name);
    if (image.src !== source) image.src = source;
  }
  find("before").alt = data.left;
  find("after").alt = data.right;
  find("left").textContent = data.left;
  find("right").textContent = data.right;
  put(mark, data.mark);

  function put(what, point) {
    what.hidden = !point;
    if (point) Object.assign(what.style, { left: 100 * point[0] + "%", top: 100 * point[1] + "%" });
  }
  function divide(at) {
    frame.at = Math.min(100, Math.max(0, at));
    frame.style.setProperty("--at", frame.at + "%");
    divider.ariaValueNow = String(Math.round(frame.at));
  }
  const within = (share) => Math.min(0.999999, Math.max(0, share));
  function shares(event) {
    const box = frame.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(within);
  }
  const pick = (point) => setTriggerValue("point", point);
  if (frame.at === undefined) divide(50);

  frame.onpointerdown = (event) => {
    frame.from = { x: event.clientX, drags: divider.contains(event.target) };
    frame.setPointerCapture(event.pointerId);
  };
  frame.onpointermove = (event) => {
    if (!frame.from) return;
    if (Math.abs(event.clientX - frame.from.x) > MOVED) frame.from.drags = true;
    if (frame.from.drags) divide(100 * shares(event)[0]);
  };
  frame.onpointerup = (event) => {
    if (data.picks && frame.from && !frame.from.drags) pick(shares(event));
    frame.from = null;
  };
  frame.onpointercancel = () => { frame.from = null; };
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  divider.onkeydown = (event) => {
    const ends = { Home: 0, End: 100 };
    if (event.key in ends) divide(ends[event.key]);
    else if (event.key in STEPS) divide(frame.at + 2 * (STEPS[event.key][0] - STEPS[event.key][1]));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  frame.onkeydown = (event) => {
    if (!data.picks) return;
    frame.cursor ??= data.mark ?? [0.5, 0.5];
    if (event.key in STEPS) {
      const far = event.shiftKey ? 0.1 : 0.02;
      frame.cursor = frame.cursor.map((share, axis) => within(share + far * STEPS[event.key][axis]));
      put(cross, frame.cursor);
    } else if (event.key === "Enter" && !cross.hidden) pick(frame.cursor);
    else return;
    event.preventDefault();
  };
  frame.onblur = () => put(cross, null);
}
