"""The states of the kinds in `tests/gallery`, computed step by step from the weights alone."""

from collections.abc import Callable
from typing import Any

import torch

States = dict[str, torch.Tensor]


def _lstm(x: torch.Tensor, read: Any, carry: Any, hidden: int, peep: Any = None) -> tuple[Any, Any]:
    """Hidden and cell states (B, T, H) of an LSTM whose gates are `read(x) + carry(h)`."""
    h = c = torch.zeros(len(x), hidden)
    hs, cs = [], []
    for step in x.unbind(1):
        i, f, g, o = (read(step) + carry(h)).chunk(4, 1)
        if peep is not None:
            i, f = i + peep[0] * c, f + peep[1] * c
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = (o if peep is None else o + peep[2] * c).sigmoid() * c.tanh()
        hs.append(h)
        cs.append(c)
    return torch.stack(hs, 1), torch.stack(cs, 1)


def weightdrop(net: Any, ids: torch.Tensor) -> States:
    x, found = net.encoder(ids), {}
    for k, rnn in enumerate(net.rnns):
        one = rnn.module
        w = {name: getattr(one, name) for name in ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0")}
        raw = one.weight_hh_l0_raw  # the state dict has no other
        x, cells = _lstm(
            x,
            lambda s, w=w: s @ w["weight_ih_l0"].T + w["bias_ih_l0"] + w["bias_hh_l0"],
            lambda h, raw=raw: h @ raw.T,
            one.hidden_size,
        )
        found[f"rnns.{k}.module.0"], found[f"rnns.{k}.module.0.cell"] = x, cells
    return found


def qrnn(net: Any, ids: torch.Tensor) -> States:
    x, found = net.embedding(ids), {}
    for k, layer in enumerate(net.layers):
        before, c, states = torch.zeros_like(x[:, 0]), torch.zeros(len(x), 24), []
        for step in x.unbind(1):
            z, f, o = layer.linear(torch.cat([step, before], 1)).chunk(3, 1)
            c = f.sigmoid() * z.tanh() + (1 - f.sigmoid()) * c
            states.append(o.sigmoid() * c)
            before = step
        x = found[f"layers.{k}.0"] = torch.stack(states, 1)
    return found


def sru(net: Any, ids: torch.Tensor) -> States:
    x, found = net.embedding(ids), {}
    for k, cell in enumerate(net.rnn_lst):
        weight = cell.weight.view(-1, 2, 12, 4)
        both = []
        for way in (0, 1):
            c, states = torch.zeros(len(x), 12), []
            for step in (x.flip(1) if way else x).unbind(1):
                new, f, r, skip = (step @ weight[:, way, :, j] for j in range(4))
                f = (f + cell.weight_c[0, way] * c + cell.bias[0, way]).sigmoid()
                r = (r + cell.weight_c[1, way] * c + cell.bias[1, way]).sigmoid()
                c = f * c + (1 - f) * new
                states.append(r * c + (1 - r) * skip)
            both.append(torch.stack(states[::-1] if way else states, 1))
        found[f"rnn_lst.{k}.0"], found[f"rnn_lst.{k}.0.reverse"] = both
        x = torch.cat(both, -1)
    return found


def onlstm(net: Any, ids: torch.Tensor) -> States:
    """With the master gates drawn out to the units of their chunks."""
    h = c = torch.zeros(len(ids), 24)
    hs, cs = [], []
    for x in net.embedding(ids).unbind(1):
        gates = net.cell.ih(x) + net.cell.hh(h)
        wide = [one.softmax(1).cumsum(1).repeat_interleave(4, 1) for one in gates[:, :12].chunk(2, 1)]
        first, last = 1 - wide[0], wide[1]
        o, g, i, f = gates[:, 12:].chunk(4, 1)
        f = torch.where(first * last > 0, f.sigmoid() * first * last + last * (1 - first), last)
        c = f * c + (i.sigmoid() * first * last + first * (1 - last)) * g.tanh()
        h = o.sigmoid() * c.tanh()
        hs.append(h)
        cs.append(c)
    return {"cell.0": torch.stack(hs, 1), "cell.0.cell": torch.stack(cs, 1)}


def scriptmodule(net: Any, ids: torch.Tensor) -> States:
    x, found = net.embedding(ids), {}
    for name in ("low", "rnn"):
        layer, both = getattr(net, name), []
        for way, cell in enumerate((layer.forwards, layer.backwards)):
            states, _ = _lstm(
                x.flip(1) if way else x,
                lambda s, cell=cell: s @ cell.weight_ih.T,
                lambda h, cell=cell: h @ cell.weight_hh.T,
                12,
            )
            both.append(states.flip(1) if way else states)
        found[f"{name}.0"], found[f"{name}.0.reverse"] = both
        x = torch.cat(both, -1)
    return found


def layernorm(net: Any, ids: torch.Tensor) -> States:
    x, found = net.embedding(ids), {}
    for k, cell in enumerate(net.cells):  # layer by layer, where the model goes step by step
        h, states = torch.zeros(len(ids), cell.hidden_size), []
        for step in x.unbind(1):
            zr = cell.norms[0](cell.i2h(step)) + cell.norms[1](cell.h2h(h))
            z, r = zr.sigmoid().tensor_split(2, 1)
            h = h + z * ((cell.norms[2](cell.i2c(step)) + r * cell.norms[3](cell.h2c(h))).tanh() - h)
            states.append(h)
        x = found[f"cells.{k}.0"] = torch.stack(states, 1)
    return found


def twoways(net: Any, ids: torch.Tensor) -> States:
    x, found = net.embedding(ids), {}
    for name, end, turn in (("there", "", False), ("back", ".reverse", True)):
        cell = getattr(net, name)
        both = _lstm(x.flip(1) if turn else x, cell.ih, cell.hh, 20, cell.peep)
        states = [one.flip(1) if turn else one for one in both]
        found[f"{name}.0{end}"], found[f"{name}.0{end}.cell"] = states
    return found


def phased(net: Any, ids: torch.Tensor) -> States:
    cell = net.cell
    h = c = torch.zeros(len(ids), 24)
    hs, cs = [], []
    for t, x in enumerate(net.embedding(ids).unbind(1)):
        phase = (t - cell.shift) / cell.period
        phase = phase - phase.floor()
        gate = torch.tensor(
            [2 * p / 0.4 if p < 0.2 else 2 - 2 * p / 0.4 if p < 0.4 else 0.001 * p for p in phase.tolist()]
        )
        new_h, new_c = cell.lstm(x, (h, c))
        h, c = h + gate * (new_h - h), c + gate * (new_c - c)
        hs.append(h)
        cs.append(c)
    return {"cell.0": torch.stack(hs, 1), "cell.1": torch.stack(cs, 1)}


def grud(net: Any, x: torch.Tensor) -> States:
    """Row by row, feature by feature where a value is missing."""
    rows = []
    for row in x:
        h, last, since, states = torch.zeros(24), torch.zeros(8), torch.zeros(8), []
        for step in row:
            keep = torch.exp(-net.decay_x(since).clamp_min(0))
            missing = keep * last + (1 - keep) * net.mean
            read = torch.stack([v if v != 0 else m for v, m in zip(step, missing, strict=True)])
            mask = (step != 0).float()
            h = torch.exp(-net.decay_h(since).clamp_min(0)) * h
            z, r = net.gates(torch.cat([read, h, mask])).sigmoid().chunk(2)
            h = (1 - z) * h + z * net.candidate(torch.cat([read, r * h, mask])).tanh()
            states.append(h)
            since = torch.where(step != 0, torch.ones(8), since + 1)
            last = torch.where(step != 0, step, last)
        rows.append(torch.stack(states))
    return {"gru_d": torch.stack(rows)}


def convlstm(net: Any, x: torch.Tensor) -> States:
    frames, found = x.view(*x.shape[:2], 1, 2, 4), {}
    for k, cell in enumerate(net.cell_list):
        h = c = torch.zeros(len(x), cell.hidden, 2, 4)
        hs, cs = [], []
        for frame in frames.unbind(1):
            i, f, o, g = cell.conv(torch.cat([frame, h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            hs.append(h)
            cs.append(c)
        frames = torch.stack(hs, 1)
        found[f"cell_list.{k}.0"] = frames.flatten(2)
        found[f"cell_list.{k}.0.cell"] = torch.stack(cs, 1).flatten(2)
    return found


def stateful(net: Any, ids: torch.Tensor) -> States:
    return {"encoder.gru.0": net.encoder.gru(net.encoder.embedding(ids))[0]}


def _of_weightdrop(net: Any, ids: torch.Tensor) -> torch.Tensor:
    return net(ids.t(), net.init_hidden(len(ids)))[0]


def _of_stateful(net: Any, ids: torch.Tensor) -> torch.Tensor:
    net.encoder.reset()
    return net(ids)


STATES: dict[str, Callable[[Any, torch.Tensor], States]] = {
    "weightdrop": weightdrop, "qrnn": qrnn, "sru": sru, "onlstm": onlstm, "scriptmodule": scriptmodule,
    "layernorm": layernorm, "twoways": twoways, "phased": phased, "grud": grud, "convlstm": convlstm,
    "stateful": stateful,
}  # fmt: skip
ANSWERS: dict[str, Callable[[Any, torch.Tensor], torch.Tensor]] = {
    "weightdrop": _of_weightdrop, "stateful": _of_stateful,
}  # fmt: skip
