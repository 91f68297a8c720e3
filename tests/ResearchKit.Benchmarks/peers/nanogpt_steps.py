"""Training steps of nanoGPT's model.py, one for every line on standard input.

usage: nanogpt_steps.py FOLDER LAYERS HEADS WIDTH VOCABULARY CONTEXT BATCH LENGTH THREADS

Prints "ready", then "step SECONDS CPU_SECONDS" for each line. A step is nanoGPT's own: forward, backward,
gradient clipping at 1, its AdamW with its groups, gradients set to None.
"""
import resource
import sys
import time

import torch

folder = sys.argv[1]
layers, heads, width, vocabulary, context, batch, length, threads = map(int, sys.argv[2:])
sys.path.insert(0, folder)
from model import GPT, GPTConfig  # noqa: E402

torch.set_num_threads(threads)
torch.manual_seed(0)
model = GPT(GPTConfig(block_size=context, vocab_size=vocabulary, n_layer=layers, n_head=heads, n_embd=width, dropout=0.0, bias=True))
optimizer = model.configure_optimizers(weight_decay=0.1, learning_rate=1e-4, betas=(0.9, 0.95), device_type="cpu")
tokens = torch.randint(vocabulary, (batch, length + 1))
inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
model.train()


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


print("ready", flush=True)
for _ in sys.stdin:
    start, cpu = time.perf_counter(), cpu_seconds()
    _, loss = model(inputs, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    print(f"step {time.perf_counter() - start:.6f} {cpu_seconds() - cpu:.6f}", flush=True)
