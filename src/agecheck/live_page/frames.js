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
    this.stream = null;
  }

  /** Asks for the camera; rejects when it is refused or there is none. */
  async open() {
    const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
    const stream = await navigator.mediaDevices.getUserMedia(
      { video: { ...size, facingMode: "user" }, audio: false });
    if (this.closed) {
      stop(stream);
      return;
    }
    this.stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
    this.next();
  }

  /** As the camera names itself; empty before it is open. */
  get label() {
    return this.stream?.getVideoTracks()[0]?.label ?? "";
  }

  /** The server has taken the frame before: another may come. */
  more() {
    this.mayAsk = true;
  }

  close() {
    this.closed = true;
    if (this.stream !== null) stop(this.stream);
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
    const width = Math.round(videoWidth * scale);
    const height = Math.round(videoHeight * scale);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.context = this.canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    }
    this.context.drawImage(this.video, 0, 0, width, height);
    const rgba = this.context.getImageData(0, 0, width, height).data;
    const message = new Uint8Array(4 + 3 * width * height);
    new DataView(message.buffer).setUint16(0, height, true);
    new DataView(message.buffer).setUint16(2, width, true);
    for (let from = 0, to = 4; from < rgba.length; from += 4, to += 3) {
      message[to] = rgba[from];
      message[to + 1] = rgba[from + 1];
      message[to + 2] = rgba[from + 2];
    }
    return message;
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
