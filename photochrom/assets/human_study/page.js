"use strict";
// One rater's session. All that happens follows from the study and the rater's code: see `planned`.
(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const $ = (id) => document.getElementById(id);
  const KEY = `photochrom-human-study:${study.id}`;
  const CROSS_MS = 700; // before each pair
  const HALF_FRAME_MS = 8; // the pair is hidden at the frame that is nearest to the second
  const COLUMNS = ["format", "version", "study", "rater", "session", "trial", "kind", "image", "method",
    "real", "answer", "shown_ms", "shown_px", "answer_ms"];

  // FNV-1a of the text, mixed as in MurmurHash3.
  function hashed(text) {
    let h = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  }

  // Uniform numbers of [0, 1) by mulberry32.
  function generator(seed) {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  function shuffled(values, random) {
    const list = [...values];
    for (let i = list.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  }

  // As often left as right, within one.
  function sided(trials, random) {
    const first = random() < 0.5 ? 0 : 1;
    return trials.map((trial, i) => ({ ...trial, real: (first + i) % 2 ? "right" : "left" }));
  }

  // The trials of a rater: every image once, every method equally often within one, the true image of
  // each method left as often as right within one, attention checks spread evenly.
  function planned(rater) {
    const random = generator(hashed(`${study.seed}/${study.id}/${rater}`));
    const order = shuffled(study.methods.keys(), random);
    const images = shuffled(study.images, random).slice(0, study.trials);
    const tests = order.flatMap((method, turn) =>
      sided(images.filter((_, i) => i % order.length === turn).map(
        (image) => ({ kind: "test", image: image.name, method: study.methods[method],
          truth: image.truth, fake: image.made[method] })), random));
    const mixed = shuffled(tests, random);
    const checks = sided(shuffled(study.attention, random), random)
      .map((check) => ({ ...check, kind: "attention", method: null }));
    const places = checks.map((_, i) => Math.floor((i + random()) * mixed.length / checks.length));
    for (let i = checks.length - 1; i >= 0; i--) mixed.splice(places[i], 0, checks[i]);
    const practice = shuffled(sided(study.practice, random), random)
      .map((trial) => ({ ...trial, kind: "practice" }));
    return [...practice, ...mixed];
  }

  let state = null; // {rater, session, begun, shown, answers}: what is saved
  let trials = [];
  let phase = "off"; // off, cross, shown, ask, feedback
  let turn = 0; // counts what was begun: a pause ends a trial that has not been shown
  let pausing = false;
  let askedAt = 0;
  let loading = new Map();

  function save() {
    try {
      localStorage.setItem(KEY, JSON.stringify(state));
    } catch {
      $("unsaved").hidden = false;
    }
  }

  function saved() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY));
      return found && Array.isArray(found.answers) && typeof found.rater === "string" ? found : null;
    } catch {
      return null;
    }
  }

  function show(id) {
    for (const section of ["intro", "trial", "rest", "end"]) $(section).hidden = section !== id;
    $("downloads").hidden = !(id === "end" || (id === "rest" && state.answers.length > 0));
    $("downloaded").textContent = "";
    const title = $(id).querySelector("h1");
    if (id !== "trial" || !$("trial").contains(document.activeElement)) title.focus();
  }

  function say(text) {
    $("ask").textContent = text;
  }

  const practices = study.practice.length;
  const counted = () => trials.length - practices;
  const at = () => state.answers.length;
  const isPractice = () => at() < practices;
  const done = () => (isPractice() ? [at(), practices] : [at() - practices, counted()]);

  function where() {
    const [before, all] = done();
    $("where").textContent = `${isPractice() ? "Practice" : "Pair"} ${before + 1} of ${all}`;
    $("progress").max = all;
    $("progress").value = before;
  }

  function rest(title, text) {
    phase = "off";
    turn += 1;
    setPausing(false);
    $("rest-title").textContent = title;
    $("rest-text").textContent = text;
    show("rest");
    $("resume").focus();
  }

  function restAgain(title) {
    const [before, all] = done();
    rest(title, `${before} of ${all} ${isPractice() ? "practice pairs" : "pairs"} are done. ${state.shown
      ? "You have seen the next pair already; only the question is left."
      : "Continue when you are ready: the next pair appears at once, for one second."}`);
  }

  // An image, decoded: so that it is on the screen for as long as it is said to be.
  function decoded(source) {
    if (!loading.has(source)) {
      const image = new Image();
      image.decoding = "sync";
      image.src = study.sources[source];
      loading.set(source, image.decode().then(() => image));
    }
    return loading.get(source);
  }

  async function pair(trial) {
    const both = await Promise.all([decoded(trial.truth), decoded(trial.fake)]);
    return trial.real === "left" ? both : both.reverse();
  }

  const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
  const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });

  // Show the pair for one second, from the frame that has it to the frame that no longer has it.
  async function display() {
    state.shown = { ms: null, px: null };
    save();
    const began = await frame();
    $("stage").classList.add("shown");
    const width = $("left").querySelector("img").getBoundingClientRect().width;
    let now = began;
    while (now - began < study.display_ms - HALF_FRAME_MS) now = await frame();
    $("stage").classList.remove("shown");
    state.shown = { ms: Math.round((now - began) * 10) / 10, px: Math.round(width * devicePixelRatio) };
    save();
  }

  async function next() {
    if (at() === practices && !state.begun) {
      rest("The practice is over", `Now ${counted()} pairs follow. They do not tell you whether you `
        + "were right. You can pause at any time. The first pair appears as soon as you continue, for one second.");
      return;
    }
    if (at() >= trials.length) {
      phase = "off";
      show("end");
      return;
    }
    if (pausing) {
      restAgain("Paused");
      return;
    }
    await run(trials[at()]);
  }

  async function run(trial) {
    const mine = turn += 1;
    phase = "cross";
    where();
    say("");
    $("next").hidden = true;
    $("stage").classList.remove("shown", "asking");
    for (const side of ["left", "right"]) $(side).replaceChildren();
    show("trial");
    if (!state.shown) {
      const [images] = await Promise.all([pair(trial), wait(CROSS_MS)]);
      if (turn !== mine) return; // paused meanwhile
      phase = "shown";
      ["left", "right"].forEach((side, i) => {
        images[i].alt = side === "left" ? "Left image" : "Right image";
        $(side).replaceChildren(images[i]);
      });
      await display();
      for (const side of ["left", "right"]) $(side).replaceChildren();
    }
    loading = new Map();
    if (at() + 1 < trials.length) pair(trials[at() + 1]); // while the rater thinks
    ask();
  }

  function ask() {
    phase = "ask";
    askedAt = performance.now();
    $("stage").classList.add("asking");
    say("Which one was the real photograph?");
    enable(true);
  }

  function enable(on) {
    for (const side of ["left", "right"]) $(`answer-${side}`).setAttribute("aria-disabled", String(!on));
  }

  function answer(side) {
    if (phase !== "ask") return;
    enable(false);
    const { kind, image, method, real } = trials[at()];
    state.answers.push({
      trial: at() + 1, kind, image, method, real, answer: side, shown_ms: state.shown.ms,
      shown_px: state.shown.px, answer_ms: Math.round(performance.now() - askedAt),
    });
    state.shown = null;
    save();
    if (kind !== "practice") {
      next();
      return;
    }
    phase = "feedback";
    say(`${side === real ? "Correct" : "Not correct"}: the ${real} one was the real photograph.`);
    $("next").textContent = at() < practices ? "Next pair" : "Continue";
    $("next").hidden = false;
    $("next").focus();
  }

  function setPausing(on) {
    pausing = on;
    $("pause").setAttribute("aria-pressed", String(on));
    $("pause").textContent = on ? "Pausing …" : "Pause";
  }

  function pause() {
    if (phase === "cross" || phase === "feedback") restAgain("Paused");
    else if (phase === "shown" || phase === "ask") setPausing(!pausing);
  }

  function resume() {
    if (at() >= practices) state.begun = true;
    save();
    next();
  }

  function start(found) {
    state = found;
    trials = planned(state.rater);
    $("stage").style.setProperty("--side", `${Math.max(256, study.side)}px`);
  }

  function begin(event) {
    event.preventDefault();
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const session = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    start({ rater: $("rater").value, session, begun: false, shown: null, answers: [] });
    save();
    next();
  }

  function proposed() {
    const given = new URLSearchParams(location.search).get("rater") ?? "";
    if (/^[A-Za-z0-9._-]{1,40}$/.test(given)) return given;
    const letters = "abcdefghjkmnpqrstuvwxyz23456789"; // none that looks like another
    return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => letters[byte % letters.length]).join("");
  }

  function head() {
    return { format: study.answers_format, version: study.version, study: study.id, rater: state.rater,
      session: state.session };
  }

  function json() {
    const complete = state.answers.length === trials.length;
    return JSON.stringify({ ...head(), complete, answers: state.answers }, null, 1) + "\n";
  }

  function csv() {
    const cell = (value) => {
      const text = value === null ? "" : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const rows = state.answers.map((one) => ({ ...head(), ...one }));
    return [COLUMNS, ...rows.map((row) => COLUMNS.map((name) => row[name]))]
      .map((row) => `${row.map(cell).join(",")}\r\n`).join("");
  }

  function download(text, type, suffix) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `answers-${state.rater}.${suffix}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    $("downloaded").textContent = `Downloaded as ${link.download}.`;
  }

  function forget() {
    try {
      localStorage.removeItem(KEY);
    } catch {
      // nothing was saved
    }
    state = null;
    phase = "off";
    welcome();
  }

  function welcome() {
    $("rater").value = proposed();
    show("intro");
  }

  $("consent").addEventListener("submit", begin);
  $("answer-left").addEventListener("click", () => answer("left"));
  $("answer-right").addEventListener("click", () => answer("right"));
  $("next").addEventListener("click", next);
  $("pause").addEventListener("click", pause);
  $("resume").addEventListener("click", resume);
  $("download-json").addEventListener("click", () => download(json(), "application/json", "json"));
  $("download-csv").addEventListener("click", () => download(csv(), "text/csv", "csv"));
  $("forget").addEventListener("click", forget);
  document.addEventListener("keydown", (event) => {
    if ($("trial").hidden || event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") answer("left");
    else if (event.key === "ArrowRight") answer("right");
    else if (event.key === "p" || event.key === "Escape") pause();
    else return;
    event.preventDefault();
  });

  const found = saved();
  if (found === null) {
    welcome();
  } else {
    start(found);
    if (at() >= trials.length) show("end");
    else restAgain("Welcome back");
  }
})();
