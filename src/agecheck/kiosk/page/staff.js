// Details for staff. A start-up secret of its own, from the address's fragment.

const fragment = location.hash.slice(1);
if (fragment !== "") {
  sessionStorage.setItem("staff", fragment);
  history.replaceState(null, "", location.pathname);
}
const headers = { Authorization: `Bearer ${sessionStorage.getItem("staff") ?? ""}` };
const put = (id, text) => { document.getElementById(id).textContent = text; };

async function refresh() {
  try {
    const answer = await fetch("staff/status", { headers });
    if (!answer.ok) throw new Error("refused");
    const status = await answer.json();
    const faults = status.faults.join(", ");
    put("health", faults === "" ? "All is well." : `To be looked at: ${faults}`);
    put("ending", status.last.outcome ?? status.last.ending ?? "none yet");
    put("detail", status.last.detail ?? "—");
    put("page", status.page ? "connected" : "not connected");
    put("attempts", status.may_start ? "open" : "used up: cooling down");
  } catch {
    put("health", "The kiosk does not answer, or this page's address is from an earlier start.");
  }
}

document.getElementById("reset").onclick = async () => {
  await fetch("staff/reset", { method: "POST", headers });
  await refresh();
};
setInterval(refresh, 2000);
refresh();
