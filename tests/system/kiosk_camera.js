// A camera made of a canvas. window.cameraGiven says what it plays: see test_kiosk_in_browser.py.
(() => {
  const { behaviour, pictures } = window.cameraGiven;
  const ANSWER_AFTER_MS = 350;
  const LATE_MS = 7000;
  const AGAIN_AFTER_MS = 2500;
  const PICTURE_MS = 50;
  const DRAW_EVERY_MS = 30;
  const BLINK_EVERY_MS = 1300;
  const OTHER_WAY = { TURN_LEFT: "TURN_RIGHT", TURN_RIGHT: "TURN_LEFT", NOD: "TURN_LEFT",
    COME_CLOSER: "TURN_LEFT", BLINK: "TURN_RIGHT" };
  window.cameraOpened = 0;

  const bitmapOf = (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return createImageBitmap(new Blob([bytes]));
  };

  /** What the head does: it looks at the page as a person would, and does again what was not seen. */
  class Head {
    constructor(tracks) {
      this.tracks = tracks;
      this.seen = "";
      this.track = "REST";
      this.fromMs = 0;
      this.blinkedMs = 0;
    }

    answerTo(asked) {
      return behaviour === "wrong-way" ? OTHER_WAY[asked] : asked;
    }

    picture(ms) {
      const code = document.body.dataset.prompt ?? "";
      const asked = code in OTHER_WAY ? code : "";
      if (asked !== this.seen) {
        this.seen = asked;
        if (asked !== "" && behaviour !== "ignores") {
          this.track = this.answerTo(asked);
          this.fromMs = ms + (behaviour === "late" ? LATE_MS : ANSWER_AFTER_MS);
        }
      } else if (this.track === "REST" && asked === "" && ms - this.blinkedMs > BLINK_EVERY_MS) {
        this.track = "BLINK";
        this.fromMs = this.blinkedMs = ms;
      }
      if (asked !== "" && behaviour !== "ignores" && ms - this.fromMs > AGAIN_AFTER_MS) {
        this.track = this.answerTo(asked);
        this.fromMs = ms;
      }
      const at = Math.floor((ms - this.fromMs) / PICTURE_MS);
      if (at >= this.tracks[this.track].length) this.track = "REST";
      const rest = this.tracks.REST;
      const still = rest[Math.floor(ms / PICTURE_MS) % rest.length];
      return this.track === "REST" || at < 0 ? still : this.tracks[this.track][at];
    }
  }

  const open = async () => {
    window.cameraOpened += 1;
    if (behaviour === "no-camera") throw new DOMException("none", "NotFoundError");
    const tracks = {};
    for (const [name, encoded] of Object.entries(pictures)) {
      tracks[name] = await Promise.all(encoded.map(bitmapOf));
    }
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const context = canvas.getContext("2d");
    const head = new Head(tracks);
    const beganMs = performance.now();
    let drawnMs = -DRAW_EVERY_MS;
    const draw = () => {
      const ms = performance.now() - beganMs;
      if (behaviour === "stalled" && ms > 900) return;
      requestAnimationFrame(draw);
      if (ms - drawnMs < DRAW_EVERY_MS) return;
      drawnMs = ms;
      if (behaviour === "frozen") {
        context.drawImage(tracks.REST[0], 0, 0);
        return;
      }
      if (behaviour === "empty") {
        context.fillStyle = "rgb(120 120 120)";
        context.fillRect(0, 0, 640, 480);
      } else if (behaviour === "photo") {
        const turn = tracks.PHOTO;
        context.drawImage(turn[Math.floor(ms / 80) % turn.length], 0, 0);
      } else if (behaviour === "second-face" && ms > 1200) {
        context.drawImage(tracks.PAIR[0], 0, 0);
      } else {
        // A head is never quite still.
        const [x, y] = [2 * Math.sin(ms / 900), 1.5 * Math.cos(ms / 700)];
        context.drawImage(head.picture(ms), x - 4, y - 4, 648, 488);
      }
      if (behaviour !== "unlit") shine();
      noise();
    };

    /** The screen's light on what is in front of it. */
    const shine = () => {
      const light = document.getElementById("light")?.style.background;
      const channels = light ? light.match(/\d+/g).slice(0, 3).map(Number) : [128, 128, 128];
      const [red, green, blue] = channels.map((level) => 228 + (27 * level) / 255);
      context.globalCompositeOperation = "multiply";
      context.fillStyle = `rgb(${red} ${green} ${blue})`;
      context.fillRect(0, 0, 640, 480);
      context.globalCompositeOperation = "source-over";
    };

    /** No two pictures of a sensor are equal. */
    const noise = () => {
      for (let spot = 0; spot < 300; spot += 1) {
        const grey = 255 * Math.random();
        context.fillStyle = `rgb(${grey} ${grey} ${grey} / 5%)`;
        context.fillRect(640 * Math.random(), 480 * Math.random(), 2, 2);
      }
    };

    draw();
    const stream = canvas.captureStream(30);
    if (behaviour === "virtual") {
      Object.defineProperty(stream.getVideoTracks()[0], "label", { value: "OBS Virtual Camera" });
    }
    return stream;
  };

  Object.defineProperty(navigator.mediaDevices, "getUserMedia", { value: open });
})();
