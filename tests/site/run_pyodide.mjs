// Runs the Python on standard input in Pyodide with a wheel unpacked, and without a network:
//     node run_pyodide.mjs WHEEL < code.py
import { readFileSync } from "node:fs";
import { loadPyodide } from "../../tools/node_modules/pyodide/pyodide.mjs";

globalThis.fetch = () => { throw new Error("no network here"); };
try {
  const python = await loadPyodide();
  python.unpackArchive(new Uint8Array(readFileSync(process.argv[2])), "wheel");
  python.runPython(readFileSync(0, "utf8"));
} catch (error) {
  console.error(error.message); // Node would print the line of Pyodide that threw: a megabyte
  process.exitCode = 1;
}
