// Replaces the camera by a canvas with a rendered person: who blinks, is never quite still, and whose
// pictures are noisy. Reads window.cameraGiven: { behaviour, pictures }.

(() => {
  if (location.hostname !== "127.0.0.1") return;
  const { behaviour, pictures } = window.cameraGiven;
  const BLINK_EVERY_MS = 2500;
  const PICTURE_MS = 50;
  window.cameraOpened = 0;

  const bitmapOf = (base64) =>
    createImageBitmap(new Blob([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))]));

  const open = async () => {
    window.cameraOpened += 1;
    if (behaviour === "no-camera") throw new DOMException("none", "NotFoundError");
    const rest = await Promise.all(pictures.REST.map(bitmapOf));
    const blink = await Promise.all(pictures.BLINK.map(bitmapOf));
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    const context = canvas.getContext("2d");
    const beganMs = performance.now();
    const draw = () => {
      const ms = performance.now() - beganMs;
      const into = Math.floor((ms % BLINK_EVERY_MS) / PICTURE_MS);
      const picture = into < blink.length ? blink[into] : rest[Math.floor(ms / PICTURE_MS) % rest.length];
      const [x, y] = [2 * Math.sin(ms / 900), 1.5 * Math.cos(ms / 700)];
      context.drawImage(picture, x - 4, y - 4, 648, 488);
      for (let spot = 0; spot < 300; spot += 1) {
        const grey = 255 * Math.random();
        context.fillStyle = `rgb(${grey} ${grey} ${grey} / 5%)`;
        context.fillRect(640 * Math.random(), 480 * Math.random(), 2, 2);
      }
      requestAnimationFrame(draw);
    };
    draw();
    return canvas.captureStream(30);
  };

  Object.defineProperty(navigator.mediaDevices, "getUserMedia", { value: open });
})();
