// The camera's frames as plain pixels: nothing is decoded outside the seal.

const LONGEST_SIDE_PX = 640;
const SHORTEST_INTERVAL_MS = 45;

export class Camera {
  constructor(video, send) {
    this.video = video;
    this.send = send;
    this.canvas = document.createElement("canvas");
    this.mayAsk = true;
    this.lastMs = 0;
  }

  /** Asks for the camera; rejects when it is refused or there is none. */
  async open() {
    const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
    const asked = { video: { ...size, facingMode: "user" }, audio: false };
    const stream = await navigator.mediaDevices.getUserMedia(asked);
    this.stream = stream;
    if (this.closed) return this.close();
    this.video.srcObject = stream;
    await this.video.play();
    return this.next();
  }

  /** The agent has taken the frame before: another may come. */
  more() {
    this.mayAsk = true;
  }

  close() {
    this.closed = true;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
    this.canvas.width = this.canvas.height = 0;
  }

  next() {
    if (this.closed) return;
    // Called once for every new picture of the camera: a camera that hangs gives none.
    this.video.requestVideoFrameCallback((nowMs) => {
      if (!this.closed && this.mayAsk && nowMs - this.lastMs >= SHORTEST_INTERVAL_MS) {
        this.lastMs = nowMs;
        this.mayAsk = false;
        this.send(this.pixels());
      }
      this.next();
    });
  }

  /** Height and width, 16 bits each, little endian; then RGB. */
  pixels() {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.context = this.canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    }
    this.context.drawImage(this.video, 0, 0, width, height);
    const rgba = this.context.getImageData(0, 0, width, height).data;
    const message = new Uint8Array(4 + 3 * width * height);
    const head = new DataView(message.buffer);
    head.setUint16(0, height, true);
    head.setUint16(2, width, true);
    for (let from = 0, to = 4; from < rgba.length; from += 4, to += 3) {
      message[to] = rgba[from];
      message[to + 1] = rgba[from + 1];
      message[to + 2] = rgba[from + 2];
    }
    return message;
  }
}
