// Shows the screen that the server names. All decisions are the server's.

import { Camera } from "./frames.js";
import { ReadFirst } from "./read_first.js";

const RECONNECT_MS = 2000;
const CONSENT_IDLE_MS = 55000;
const TICK_MS = 500;
const byId = (id) => document.getElementById(id);
const screens = [...document.querySelectorAll(".screen")];
const CUES = {
  TURN_LEFT: "M80 50 H20 M42 28 L20 50 L42 72",
  TURN_RIGHT: "M20 50 H80 M58 28 L80 50 L58 72",
  NOD: "M50 20 V80 M28 58 L50 80 L72 58",
  COME_CLOSER: "M50 30 V70 M30 50 H70",
};

const readFirst = new ReadFirst([byId("agree"), byId("other-way")]);

let socket = null;
let settings = null;
let camera = null;
let texts = {};
let shown = "starting";
let goodTicks = 0;
let progressTimer = 0;
let lightTimer = 0;
let idleTimer = 0;
let lastPrompt = "";

function secret() {
  const fragment = location.hash.slice(1);
  if (fragment !== "") {
    // Kept for a reload, and out of sight.
    sessionStorage.setItem("secret", fragment);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("secret") ?? "";
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/page`, ["agecheck-kiosk", secret()]);
  socket.binaryType = "arraybuffer";
  // In order: the first screen waits for its words.
  let heard = Promise.resolve();
  socket.onmessage = (event) => {
    heard = heard.then(() => hear(JSON.parse(event.data)));
  };
  socket.onclose = () => {
    closeCamera();
    show("starting");
    setTimeout(connect, RECONNECT_MS);
  };
}

function say(word) {
  if (socket.readyState === WebSocket.OPEN) socket.send(word);
}

async function hear(message) {
  if ("settings" in message) {
    settings = message.settings;
    await offerLanguages();
  } else if ("show" in message) {
    show(message.show);
  } else if ("lights" in message) {
    shine(message.lights);
  } else if ("prompt" in message) {
    prompt(message.prompt);
  } else if ("more" in message && camera !== null) {
    camera.more();
  }
}

function show(name) {
  const before = shown;
  shown = name;
  for (const screen of screens) screen.hidden = screen.id !== name;
  clearTimeout(idleTimer);
  if (name === "camera") openCamera();
  else closeCamera();
  if (name === "attract" && settings !== null && before !== "attract") speak(settings.languages[0]);
  if (name === "consent") {
    idleTimer = setTimeout(() => say("back"), CONSENT_IDLE_MS);
    readFirst.wait();
  }
  if (settings?.sound && (name === "passed" || name === "id-needed")) sound(name);
  const heading = byId(name).querySelector("h1");
  heading.focus();
  if (name !== "camera") announce(heading.textContent);
}

// Camera and prompts

function openCamera() {
  goodTicks = 0;
  lastPrompt = "";
  byId("progress").value = 0;
  prompt("WAITING");
  progressTimer = setInterval(advance, TICK_MS);
  const fromPage = settings.camera === "browser";
  document.querySelector(".oval").classList.toggle("turned-away", !fromPage);
  if (!fromPage) return;
  const mine = new Camera(byId("video"), (frame) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  });
  camera = mine;
  mine.open().then(() => {
    if (camera === mine && isRefused(mine.label)) say("virtual-camera");
  }, () => {
    if (camera === mine) say("stop");
  });
}

/** A camera without a name could be any. The name itself is not sent. */
function isRefused(label) {
  const name = label.toLowerCase();
  const refused = settings.refused_names;
  return refused.length > 0 && (name === "" || refused.some((part) => name.includes(part)));
}

/** By its own clock, and not by the prompts: they stop before the screen may tell. */
function advance() {
  goodTicks += lastPrompt === "WAITING" || lastPrompt === "NO_FACE" ? 0 : 1;
  // It never claims to be complete: only the end is.
  byId("progress").value = 100 * (1 - Math.exp(-goodTicks / 6));
}

function closeCamera() {
  clearInterval(progressTimer);
  clearTimeout(lightTimer);
  byId("light").style.background = "";
  if (camera !== null) camera.close();
  camera = null;
}

function prompt(code) {
  const fine = code === "GOOD";
  document.querySelector(".oval").classList.toggle("good", fine);
  byId("cue").setAttribute("d", CUES[code] ?? "");
  const text = texts[`prompt_${code}`] ?? texts.prompt_WAITING;
  byId("prompt").textContent = text;
  document.body.dataset.prompt = code;
  if (code !== lastPrompt) announce(text);
  lastPrompt = code;
}

/** Colours the whole screen, one after the other; the first one's moment is told. */
function shine(lights) {
  if (lights.length === 0) return;
  let at = 0;
  const step = () => {
    if (at === lights.length || shown !== "camera") {
      byId("light").style.background = "";
      return;
    }
    const [red, green, blue, durationMs] = lights[at];
    byId("light").style.background = `rgb(${red} ${green} ${blue})`;
    document.body.dataset.light = `${red} ${green} ${blue}`;
    if (at === 0) requestAnimationFrame(() => say("lights"));
    at += 1;
    lightTimer = setTimeout(step, durationMs);
  };
  step();
}

function announce(text) {
  byId("live").textContent = text;
}

/** Two tones for passed; two lower ones for everything else. */
function sound(name) {
  const context = new AudioContext();
  const pitches = name === "passed" ? [660, 880] : [440, 440];
  pitches.forEach((pitch, index) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    volume.gain.value = 0.08;
    tone.frequency.value = pitch;
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + 0.22 * index);
    tone.stop(context.currentTime + 0.22 * index + 0.16);
    if (index === 1) tone.onended = () => context.close();
  });
}

// Languages

async function offerLanguages() {
  const group = byId("languages");
  group.replaceChildren();
  group.hidden = settings.languages.length < 2;
  for (const code of settings.languages) {
    const strings = await load(code);
    const button = document.createElement("button");
    button.type = "button";
    button.lang = code;
    button.dataset.language = code;
    button.textContent = strings.language;
    button.onclick = () => speak(code);
    group.append(button);
  }
  await speak(settings.languages[0]);
}

const loaded = new Map();

async function load(code) {
  if (!loaded.has(code)) loaded.set(code, await (await fetch(`strings/${code}.json`)).json());
  return loaded.get(code);
}

async function speak(code) {
  texts = await load(code);
  document.documentElement.lang = code;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = fill(texts[element.dataset.text]);
  }
  for (const button of byId("languages").children) {
    button.setAttribute("aria-pressed", String(button.dataset.language === code));
  }
  byId("languages").setAttribute("aria-label", texts.languages);
  byId("progress").setAttribute("aria-label", texts.progress);
  document.title = texts.attract_title;
  for (const element of document.querySelectorAll(".light")) element.hidden = !settings.lights;
}

function fill(text) {
  return text.replaceAll("{asker}", settings.asker).replaceAll("{age}", settings.age);
}

byId("start").onclick = () => say("start");
for (const choice of ["agree", "other-way"]) {
  byId(choice).onclick = () => {
    if (readFirst.isOpen) say(choice);
  };
}
byId("back").onclick = () => say("back");
byId("stop").onclick = () => say("stop");
addEventListener("contextmenu", (event) => event.preventDefault());
document.title = "agecheck";
load((navigator.language ?? "en").slice(0, 2)).catch(() => load("en")).then((strings) => {
  if (settings !== null) return;
  for (const name of ["starting_title", "starting_text"]) {
    document.querySelector(`[data-text=${name}]`).textContent = strings[name];
  }
});
connect();
