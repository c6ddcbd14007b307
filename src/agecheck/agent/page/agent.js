// Shows what the agent on this device says. All decisions are the agent's.

import { Camera } from "./frames.js";
import { ReadFirst } from "./read_first.js";

const LAST_LOOK_MS = 2200;
const PROMPTS = {
  STARTING: "One moment",
  WAITING: "Look into the camera",
  GOOD: "Good, keep looking",
  NO_FACE: "Look into the camera",
  SEVERAL_FACES: "One person at a time, please",
  COME_CLOSER: "Come a little closer",
  MOVE_INTO_VIEW: "Move into the middle",
  LOOK_STRAIGHT: "Look straight ahead",
  MORE_LIGHT: "It is too dark here",
  LESS_LIGHT: "It is too bright here",
  HOLD_STILL: "Hold still",
  UNCOVER_EYES: "Take off dark glasses, please",
  TURN_LEFT: "Turn your head to your left",
  TURN_RIGHT: "Turn your head to your right",
  NOD: "Nod",
  BLINK: "Close your eyes for a moment",
  DONE: "Done",
};
const byId = (id) => document.getElementById(id);
const { secret, age, block, lasting } = document.body.dataset;
const socket = new WebSocket(`ws://${location.host}${location.pathname}`, ["agecheck-agent", secret]);
socket.binaryType = "arraybuffer";
const opened = new Promise((resolve) => {
  socket.onopen = resolve;
});
// In view, and in use: a page that lies ready behind another window would get the second click of a
// double one.
const readFirst = new ReadFirst(
  document.querySelectorAll("[data-say=agree]"),
  () => document.visibilityState === "visible" && document.hasFocus(),
);
let camera = null;
let lightTimer = 0;
let gone = false;

function show(name) {
  for (const screen of document.querySelectorAll("section.screen")) screen.hidden = screen.id !== name;
  if (name !== "camera") closeCamera();
  readFirst.wait();
  const heading = byId(name).querySelector("h1");
  heading.focus();
  byId("live").textContent = heading.textContent;
}

/** A click may come before the connection stands: it is not lost. */
async function say(word) {
  await opened;
  if (socket.readyState === WebSocket.OPEN) socket.send(word);
}

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if ("more" in message) camera?.more();
  else if ("prompt" in message) prompt(message.prompt);
  else if ("lights" in message) shine(message.lights);
  else if ("camera" in message) openCamera();
  else if ("busy" in message) end("busy");
  else if ("nothing" in message) {
    byId("why").textContent = message.nothing;
    byId("retry").hidden = !message.may_retry;
    show("nothing");
  } else if ("hold_ms" in message) countDown(message.hold_ms);
  else if ("answered" in message) {
    const over = message.answered === "over";
    const said = over
      ? `You look over ${age}.`
      : `The estimate was not over ${age}; it can be wrong, and there is another way.`;
    const learned = lasting === undefined
      ? "That is all they learn."
      : "They learn that, and can tell that it is this device again.";
    byId("said").textContent = `${said} ${learned}`;
    end("answered");
    setTimeout(() => location.replace(message.go), LAST_LOOK_MS);
  } else if ("go" in message) {
    gone = true;
    location.replace(message.go);
  }
};
socket.onclose = () => {
  if (gone) return;
  byId("why").textContent = "The program on this device has ended, or the question is too old.";
  for (const button of document.querySelectorAll("#nothing button")) button.hidden = true;
  show("nothing");
};

function end(name) {
  gone = true;
  show(name);
}

function countDown(holdMs) {
  const untilMs = performance.now() + holdMs;
  const tick = () => {
    const leftMs = Math.max(0, untilMs - performance.now());
    byId("left").textContent = String(Math.ceil(leftMs / 1000));
    if (leftMs > 0) setTimeout(tick, 250);
  };
  tick();
  show("leaving");
}

function openCamera() {
  prompt("WAITING");
  const mine = new Camera(byId("video"), (frame) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  });
  camera = mine;
  mine.open().catch(() => {
    if (camera === mine) say("no-camera");
  });
}

function closeCamera() {
  clearTimeout(lightTimer);
  unlight();
  camera?.close();
  camera = null;
}

function prompt(code) {
  const text = PROMPTS[code] ?? PROMPTS.WAITING;
  document.querySelector(".oval").classList.toggle("good", code === "GOOD");
  document.body.dataset.prompt = code;
  if (byId("prompt").textContent === text) return;
  byId("prompt").textContent = text;
  byId("live").textContent = text;
}

/** Colours the page, one after the other; the first one's moment is told. */
function shine(lights) {
  let at = 0;
  const step = () => {
    if (at === lights.length || camera === null) return unlight();
    const [red, green, blue, durationMs] = lights[at];
    byId("light").style.background = `rgb(${red} ${green} ${blue})`;
    if (at === 0) requestAnimationFrame(() => say("lights"));
    at += 1;
    lightTimer = setTimeout(step, durationMs);
    return undefined;
  };
  if (lights.length > 0) {
    document.body.classList.add("lit");
    step();
  }
}

function unlight() {
  document.body.classList.remove("lit");
  byId("light").style.background = "";
}

for (const button of document.querySelectorAll("[data-say]")) {
  // A click on the page before this program ran would be lost, so until here there is no button.
  button.disabled = false;
  button.onclick = (event) => {
    if (!event.isTrusted) return;
    const word = button.dataset.say;
    if (word === "agree") {
      if (!readFirst.isOpen) return;
      show("camera");
      prompt("STARTING");
    }
    say(word);
  };
}
if (block !== "") {
  byId("why").textContent = block;
  byId("retry").hidden = true;
  show("nothing");
}

for (const name of ["focus", "blur", "pageshow"]) addEventListener(name, () => readFirst.wait());
document.addEventListener("visibilitychange", () => readFirst.wait());
