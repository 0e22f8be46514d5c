"""Gated recurrent networks: LSTM and GRU, forwards and backwards.

Sequences are (N, T, D): N examples, T steps, D numbers a step.  Weights are stored as torch.nn.LSTM
and torch.nn.GRU store them, with both biases: the rows of the LSTM's four blocks belong to the gates
i, f, g, o, those of the GRU's three blocks to r, z, n.
"""

import numpy as np

from solutions.activations import sigmoid


def lstm_step(
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the next hidden state and the next cell of an LSTM.

    Formulas, for each example: the four blocks of W_ih x + b_ih + W_hh h + b_hh give
    i = σ(·), f = σ(·), g = tanh(·), o = σ(·), in this order; c′ = f ⊙ c + i ⊙ g, h′ = o ⊙ tanh(c′).
    x (N, D), h and c (N, H), W_ih (4H, D), W_hh (4H, H), b_ih and b_hh (4H,).
    Returns h′, c′, each (N, H), dtype of the inputs.
    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000); torch.nn.LSTMCell.
    """
    ### BEGIN SOLUTION
    z_i, z_f, z_g, z_o = np.split(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh, 4, axis=1)
    c = sigmoid(z_f) * c + sigmoid(z_i) * np.tanh(z_g)
    return sigmoid(z_o) * np.tanh(c), c
    ### END SOLUTION


def lstm_step_backward(
    dh: np.ndarray,
    dc: np.ndarray,
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Return the gradients of lstm_step with respect to its seven inputs.

    Formulas: with u = tanh(c′), all that reaches the new cell is dc′ = dc + dh ⊙ o ⊙ (1 − u²);
    dz_i = dc′ g i (1 − i), dz_f = dc′ c f (1 − f), dz_g = dc′ i (1 − g²), dz_o = dh u o (1 − o);
    with dz the four in a row: dx = W_ihᵀ dz, dh = W_hhᵀ dz, dW_ih = dz xᵀ, dW_hh = dz hᵀ and
    db_ih = db_hh = dz, the last four summed over the batch; and along the cell dc = dc′ f.
    dh, dc (N, H): the gradients at h′ and c′; the others as in lstm_step.
    Returns dx, dh, dc, dW_ih, dW_hh, db_ih, db_hh in the shapes and dtype of the inputs.
    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000).
    """
    ### BEGIN SOLUTION
    z_i, z_f, z_g, z_o = np.split(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh, 4, axis=1)
    i, f, g, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)
    u = np.tanh(f * c + i * g)
    dc = dc + dh * o * (1 - u**2)
    slopes = dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2), dh * u * o * (1 - o)
    dz = np.concatenate(slopes, axis=1)
    db = dz.sum(axis=0)
    return dz @ W_ih, dz @ W_hh, dc * f, dz.T @ x, dz.T @ h, db, db.copy()
    ### END SOLUTION


def lstm_gates(
    X: np.ndarray,
    h0: np.ndarray,
    c0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gates and the cells of an LSTM at every step of its sequences.

    Formulas: those of lstm_step for t = 1 … T, from h₀ and c₀.
    X (N, T, D), h0 and c0 (N, H), W_ih (4H, D), W_hh (4H, H), b_ih and b_hh (4H,).
    Returns gates (N, T, 4H), which holds i, f, g, o in blocks, and C (N, T, H); dtype of the inputs.
    Three things make it fast: one product serves the inputs of all steps, a stack of four matrices
    gives each gate as a matrix of its own, and one tanh bends all four, since σ(z) = ½ + ½ tanh(z/2).
    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000).
    """
    ### BEGIN SOLUTION
    (N, T, D), H = X.shape, h0.shape[1]
    gates = (X.reshape(N * T, D) @ W_ih.T).reshape(N, T, 4, H)
    gates += (b_ih + b_hh).reshape(4, H)  # in place: a new array would cost more than the sum
    W = W_hh.reshape(4, H, H).swapaxes(1, 2).copy()  # in order in memory, products are faster
    half = np.array([0.5, 0.5, 1, 0.5], X.dtype)[:, None, None]  # 1 for the candidate
    C, h, c = np.empty((N, T, H), X.dtype), h0, c0
    for t in range(T):
        now = gates[:, t].swapaxes(0, 1)  # a view of gates: four matrices (N, H)
        now[:] = i, f, g, o = half * np.tanh(half * (now + h @ W)) + (1 - half)
        C[:, t] = c = f * c + i * g
        h = o * np.tanh(c)
    return gates.reshape(N, T, 4 * H), C
    ### END SOLUTION


def lstm(
    X: np.ndarray,
    h0: np.ndarray,
    c0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> np.ndarray:
    """Return the hidden states of an LSTM after each step of its sequences.

    Formulas: those of lstm_step for t = 1 … T, from h₀ and c₀.
    X (N, T, D), h0 and c0 (N, H), W_ih (4H, D), W_hh (4H, H), b_ih and b_hh (4H,).
    Returns h₁ … h_T as (N, T, H), dtype of the inputs.
    Source: Hochreiter and Schmidhuber (1997); torch.nn.LSTM with batch_first, its first result.
    """
    ### BEGIN SOLUTION
    gates, C = lstm_gates(X, h0, c0, W_ih, W_hh, b_ih, b_hh)
    return gates[:, :, 3 * h0.shape[1] :] * np.tanh(C)
    ### END SOLUTION


def lstm_backward(
    dH: np.ndarray,
    X: np.ndarray,
    h0: np.ndarray,
    c0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Return the gradients of lstm with respect to its seven inputs.

    Formulas, from t = T down to 1: those of lstm_step_backward, where the state after step t gets
    dhₜ = dHₜ + W_hhᵀ dzₜ₊₁ and dcₜ = dcₜ₊₁ fₜ₊₁, and nothing comes from beyond T;
    the gradients of weights and biases add up over the steps and over the batch.
    dH (N, T, H): the loss's direct gradient at every hidden state; the others as in lstm.
    Returns dX, dh0, dc0, dW_ih, dW_hh, db_ih, db_hh in the shapes and dtype of the inputs.
    Source: Hochreiter and Schmidhuber (1997); Graves and Schmidhuber (2005), all of the gradient.
    """
    ### BEGIN SOLUTION
    (N, T, D), H = X.shape, h0.shape[1]
    gates, C = lstm_gates(X, h0, c0, W_ih, W_hh, b_ih, b_hh)
    U, dZ = np.tanh(C), np.empty_like(gates)
    h_before = np.concatenate([h0[:, None], (gates[:, :, 3 * H :] * U)[:, :-1]], axis=1)
    c_before = np.concatenate([c0[:, None], C[:, :-1]], axis=1)
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    for t in reversed(range(T)):
        (i, f, g, o), u = np.split(gates[:, t], 4, axis=1), U[:, t]
        dh = dh + dH[:, t]
        dc = dc + dh * o * (1 - u * u)
        dz_i, dz_f = dc * g * i * (1 - i), dc * c_before[:, t] * f * (1 - f)
        dz_g, dz_o = dc * i * (1 - g * g), dh * u * o * (1 - o)
        dZ[:, t] = dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)
        dh, dc = dz @ W_hh, dc * f
    rows = dZ.reshape(N * T, 4 * H)  # one row for each step of each example
    dW_ih, dW_hh = rows.T @ X.reshape(N * T, D), rows.T @ h_before.reshape(N * T, H)
    db = rows.sum(axis=0)
    return (rows @ W_ih).reshape(X.shape), dh, dc, dW_ih, dW_hh, db, db.copy()
    ### END SOLUTION


def gru_step(
    x: np.ndarray,
    h: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> np.ndarray:
    """Return the next state of a gated recurrent unit.

    Formulas, for each example, with three blocks of rows in every weight and bias:
    r = σ(W_ir x + b_ir + W_hr h + b_hr), z = σ(W_iz x + b_iz + W_hz h + b_hz),
    n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn)), h′ = (1 − z) ⊙ n + z ⊙ h.
    x (N, D), h (N, H), W_ih (3H, D), W_hh (3H, H), b_ih and b_hh (3H,).
    Returns (N, H), dtype of the inputs.
    The reset acts after the product, as in torch.nn.GRUCell.
    Source: Cho et al. (2014), with the reset after the product.
    """
    ### BEGIN SOLUTION
    x_r, x_z, x_n = np.split(x @ W_ih.T + b_ih, 3, axis=1)
    h_r, h_z, h_n = np.split(h @ W_hh.T + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h
    ### END SOLUTION


def gru_step_backward(
    dh: np.ndarray,
    x: np.ndarray,
    h: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Return the gradients of gru_step with respect to its six inputs.

    Formulas: with q = W_hn h + b_hn, da_n = dh (1 − z)(1 − n²), da_z = dh (h − n) z (1 − z),
    da_r = da_n q r (1 − r); what comes from the input gets dp = (da_r, da_z, da_n), what comes from
    the state gets ds = (da_r, da_z, da_n r), so that
    dx = W_ihᵀ dp, dh = W_hhᵀ ds + dh z, dW_ih = dp xᵀ, dW_hh = ds hᵀ, db_ih = dp, db_hh = ds,
    the last four summed over the batch.
    dh (N, H): the gradient at h′; the others as in gru_step.
    Returns dx, dh, dW_ih, dW_hh, db_ih, db_hh in the shapes and dtype of the inputs.
    Source: chapter `gated`, for the unit of Cho et al. (2014).
    """
    ### BEGIN SOLUTION
    x_r, x_z, x_n = np.split(x @ W_ih.T + b_ih, 3, axis=1)
    h_r, h_z, q = np.split(h @ W_hh.T + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * q)
    da_n, da_z = dh * (1 - z) * (1 - n**2), dh * (h - n) * z * (1 - z)
    da_r = da_n * q * r * (1 - r)
    dp = np.concatenate([da_r, da_z, da_n], axis=1)
    ds = np.concatenate([da_r, da_z, da_n * r], axis=1)
    return dp @ W_ih, ds @ W_hh + dh * z, dp.T @ x, ds.T @ h, dp.sum(axis=0), ds.sum(axis=0)
    ### END SOLUTION


def gru_gates(
    X: np.ndarray,
    h0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gates and the states of a gated recurrent unit at every step of its sequences.

    Formulas: those of gru_step for t = 1 … T, from h₀.
    X (N, T, D), h0 (N, H), W_ih (3H, D), W_hh (3H, H), b_ih and b_hh (3H,).
    Returns gates (N, T, 3H), which holds r, z, n in blocks, and h₁ … h_T as (N, T, H); dtype of the
    inputs.  One product serves the inputs of all steps, and a stack of three matrices each state.
    Source: Cho et al. (2014), with the reset after the product.
    """
    ### BEGIN SOLUTION
    (N, T, D), H = X.shape, h0.shape[1]
    gates = (X.reshape(N * T, D) @ W_ih.T).reshape(N, T, 3, H)
    gates += b_ih.reshape(3, H)
    W = W_hh.reshape(3, H, H).swapaxes(1, 2).copy()  # in order in memory, products are faster
    b, states, h = b_hh.reshape(3, 1, H), np.empty((N, T, H), X.dtype), h0
    for t in range(T):
        now, from_h = gates[:, t].swapaxes(0, 1), h @ W + b  # now: a view of gates, as (3, N, H)
        now[:2] = r, z = sigmoid(now[:2] + from_h[:2])
        now[2] = n = np.tanh(now[2] + r * from_h[2])
        states[:, t] = h = (1 - z) * n + z * h
    return gates.reshape(N, T, 3 * H), states
    ### END SOLUTION


def gru(
    X: np.ndarray,
    h0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> np.ndarray:
    """Return the states of a gated recurrent unit after each step of its sequences.

    Formulas: those of gru_step for t = 1 … T, from h₀.
    X (N, T, D), h0 (N, H), W_ih (3H, D), W_hh (3H, H), b_ih and b_hh (3H,).
    Returns h₁ … h_T as (N, T, H), dtype of the inputs.
    Source: Cho et al. (2014); torch.nn.GRU with batch_first, its first result.
    """
    ### BEGIN SOLUTION
    return gru_gates(X, h0, W_ih, W_hh, b_ih, b_hh)[1]
    ### END SOLUTION


def gru_backward(
    dH: np.ndarray,
    X: np.ndarray,
    h0: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray,
    b_hh: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Return the gradients of gru with respect to its six inputs.

    Formulas, from t = T down to 1: those of gru_step_backward, where the state after step t gets
    dhₜ = dHₜ + W_hhᵀ dsₜ₊₁ + dhₜ₊₁ zₜ₊₁, and nothing comes from beyond T;
    the gradients of weights and biases add up over the steps and over the batch.
    dH (N, T, H): the loss's direct gradient at every state; the others as in gru.
    Returns dX, dh0, dW_ih, dW_hh, db_ih, db_hh in the shapes and dtype of the inputs.
    Source: chapter `gated`, for the unit of Cho et al. (2014).
    """
    ### BEGIN SOLUTION
    (N, T, D), H = X.shape, h0.shape[1]
    gates, states = gru_gates(X, h0, W_ih, W_hh, b_ih, b_hh)
    before = np.concatenate([h0[:, None], states[:, :-1]], axis=1)
    Q = before @ W_hh[2 * H :].T + b_hh[2 * H :]
    dP, dS, dh = np.empty_like(gates), np.empty_like(gates), np.zeros_like(h0)
    for t in reversed(range(T)):
        r, z, n = np.split(gates[:, t], 3, axis=1)
        dh = dh + dH[:, t]
        da_n, da_z = dh * (1 - z) * (1 - n * n), dh * (before[:, t] - n) * z * (1 - z)
        da_r = da_n * Q[:, t] * r * (1 - r)
        dP[:, t] = np.concatenate([da_r, da_z, da_n], axis=1)
        dS[:, t] = ds = np.concatenate([da_r, da_z, da_n * r], axis=1)
        dh = ds @ W_hh + dh * z
    # one row for each step of each example
    dP, dS = dP.reshape(N * T, 3 * H), dS.reshape(N * T, 3 * H)
    dW_ih, dW_hh = dP.T @ X.reshape(N * T, D), dS.T @ before.reshape(N * T, H)
    return (dP @ W_ih).reshape(X.shape), dh, dW_ih, dW_hh, dP.sum(axis=0), dS.sum(axis=0)
    ### END SOLUTION


def count_recurrent_parameters(kind: str, input_size: int, hidden_size: int) -> int:
    """Return the number of weights and biases of one recurrent layer, as torch stores them.

    Formula: G · H · (D + H + 2), with G = 1 block for "rnn", 3 for "gru", 4 for "lstm"; each block has
    weights for D inputs and H states, and two biases for each of its H units.
    kind: "rnn", "gru" or "lstm", in small or capital letters; any other raises KeyError.
    input_size D, hidden_size H.
    Source: chapter `gated`; torch.nn.RNN, GRU and LSTM with one layer.
    """
    ### BEGIN SOLUTION
    blocks = {"rnn": 1, "gru": 3, "lstm": 4}[kind.lower()]
    return blocks * hidden_size * (input_size + hidden_size + 2)
    ### END SOLUTION


def cell_gradient(forget_gates: np.ndarray) -> np.ndarray:
    """Return ∂c_T/∂c₀ along the cells of an LSTM, for each cell, with its gates held still.

    Formula: f₁ ⊙ f₂ ⊙ … ⊙ f_T.
    forget_gates (T, H), or (N, T, H) for a batch of sequences.  Returns (H,) or (N, H), same dtype.
    Source: Gers, Schmidhuber and Cummins (2000); chapter `gated`.
    """
    ### BEGIN SOLUTION
    return np.prod(forget_gates, axis=-2)
    ### END SOLUTION
