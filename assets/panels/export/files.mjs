// Files that the browser saves: what they are called, and the tables that the server makes.
import { ask, cloudPath, prefix } from "../../core/server.mjs";
import { meta } from "../../core/steps.mjs";
import * as rows from "../../table/rows.mjs";
import { OF_SEQUENCE } from "./pictures.mjs";

export function save(content, name) {
  const link = document.createElement("a");
  const made = content instanceof Blob;
  link.href = made ? URL.createObjectURL(content) : content;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  if (made) setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// The beginning of a file's name: run, layer, and the sequence where it is one's.
export function stem(view) {
  const { cloud, sequence } = meta();
  const [run, layer] = cloud.split("/");
  const whose = sequence !== null && (OF_SEQUENCE.includes(view) || view === "projection") ? [`sequence-${sequence}`] : [];
  return [run, layer, ...whose, view].join("-").replace(/[^\w.-]+/g, "_");
}

// The server's table of a view; of the selected sequence where the view shows one.
function address(file) {
  const { cloud, edition, sequence } = meta();
  const query = new URLSearchParams(sequence === null ? { edition } : { edition, sequence });
  return `export/${cloudPath(cloud)}/${file}?${query}`;
}

// A file that the server makes while the browser saves it.  Whether it can is asked before: of a file that fails,
// the browser says nothing on the page.
async function saveMade(path) {
  const answer = await ask(path, { method: "HEAD" });
  if (!answer.ok) {
    const why = await ask(path);
    if (!why.ok) throw new Error((await why.text()).trim());
    await why.body?.cancel(); // it can by now
  }
  save(`${prefix()}${path}`, "");
}

export const saveTableOf = (file) => saveMade(address(file));

// The table as it is filtered and sorted; of a large run the server knows the order, and sends it as it is made.
export async function saveTable() {
  const { sequences, query } = await rows.listing();
  if (query) {
    query.set("edition", meta().edition);
    await saveMade(`${address("sequences.csv").split("?")[0]}?${query}`);
    return;
  }
  const answer = await ask(address("sequences.csv"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sequences }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  save(await answer.blob(), `${meta().run}-sequences.csv`);
}
