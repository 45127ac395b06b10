// Everything that the page says to the server. Other modules never call fetch themselves.

/** What the server refused, in words for people. */
export class ApiError extends Error {
  constructor(code, text, status = 0) {
    super(text);
    this.code = code;
    this.status = status;
  }
}

const AWAY = new ApiError("no_answer", "The server does not answer. Is 'aotface serve' still running?");
const TRIES = 3;
const LONGEST_WAIT = 5;

/** The error that an answer carries; a plain one where its body says nothing. */
function errorOf(status, body) {
  const known = body && body.error;
  if (known && known.text) return new ApiError(known.code, known.text, status);
  if (status === 413) return new ApiError("too_large", "The file is larger than the server takes.", status);
  if (status === 429)
    return new ApiError("too_many", "The server is busy. Wait a moment and try again.", status);
  return new ApiError("unknown", `The server answered with error ${status}. Try again.`, status);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Ask for JSON. A short 429 is waited out; a long one is an error that says how long. */
export async function ask(method, path, body) {
  const sent = { method, headers: {} };
  if (body !== undefined) {
    sent.body = JSON.stringify(body);
    sent.headers["Content-Type"] = "application/json";
  }
  for (let tried = 1; ; tried += 1) {
    const answer = await fetch(path, sent).catch(() => {
      throw AWAY;
    });
    const found = parsed(await answer.text());
    if (answer.ok) return found;
    const wait = Number(answer.headers.get("Retry-After"));
    if (answer.status !== 429 || !wait || wait > LONGEST_WAIT || tried === TRIES)
      throw errorOf(answer.status, found);
    await pause(wait);
  }
}

/** Send one file. `onProgress` is told the part that is sent, 0 to 1. */
export function upload(file, onProgress = () => {}) {
  return new Promise((done, failed) => {
    const form = new FormData();
    form.append("file", file, file.name);
    const sender = new XMLHttpRequest();
    sender.open("POST", "/v1/files");
    sender.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    sender.addEventListener("error", () => failed(AWAY));
    sender.addEventListener("load", () => {
      const found = parsed(sender.responseText);
      if (sender.status < 300 && found) done(found);
      else failed(errorOf(sender.status, found));
    });
    sender.send(form);
  });
}

async function fileAt(path, name) {
  const answer = await fetch(path).catch(() => {
    throw AWAY;
  });
  if (!answer.ok) throw errorOf(answer.status, parsed(await answer.text()));
  return new File([await answer.blob()], name);
}

/** The bytes of a finished job as a file, as the download button gives them. */
export const resultFile = (job, name) => fileAt(paths.result(job, name), name);

/** One of the packaged synthetic faces. */
export const sampleFile = (name) => fileAt(`/samples/${name}`, name);

export const paths = {
  file: (file) => `/v1/files/${file}`,
  preview: (file, frame) => `/v1/files/${file}/preview${frame ? `?frame=${frame}` : ""}`,
  faces: (file, frame) => `/v1/files/${file}/faces${frame ? `?frame=${frame}` : ""}`,
  job: (job) => `/v1/jobs/${job}`,
  events: (job) => `/v1/jobs/${job}/events`,
  cancel: (job) => `/v1/jobs/${job}/cancel`,
  result: (job, name) => `/v1/jobs/${job}/result?name=${encodeURIComponent(name)}`,
  shown: (job, query) => `/v1/jobs/${job}/preview?${new URLSearchParams(query)}`,
  record: (job) => `/v1/jobs/${job}/record`,
  layer: (job, name) => `/v1/jobs/${job}/layers/${name}`,
};

const ENDED = new Set(["done", "failed", "cancelled"]);

/** Whether a job will not change any more. */
export const ended = (job) => ENDED.has(job.state);

/** Follow a job until it ends. `onChange` gets each state; where events are cut off, the job is asked for. */
export function follow(id, onChange, onLost) {
  let stopped = false;
  const events = new EventSource(paths.events(id));
  const take = (job) => {
    if (stopped) return;
    if (ended(job)) stop();
    onChange(job);
  };
  const stop = () => {
    stopped = true;
    events.close();
  };
  const heard = (event) => {
    const job = parsed(event.data);
    if (job && job.state) take(job);
  };
  events.addEventListener("message", heard);
  events.addEventListener("error", async () => {
    if (stopped || events.readyState === EventSource.CONNECTING) return;
    events.close();
    while (!stopped) {
      try {
        take(await ask("GET", paths.job(id)));
      } catch (error) {
        stop();
        onLost(error);
      }
      await pause(1);
    }
  });
  return stop;
}
