"""Writes a GPT-2 of 124M random float32 weights in the file format of ggml's gpt-2 example.

usage: random_gpt2.py FILE

Speed does not depend on the weights' values. The vocabulary holds made-up words.
"""
import random
import struct
import sys
from array import array

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS, FLOAT32 = 50257, 1024, 768, 12, 12, 0

generator = random.Random(0)
# One block of draws is written again and again: 124M draws in plain Python would take minutes.
block = array("f", (generator.gauss(0, 0.02) for _ in range(1 << 16))).tobytes()


def write_tensor(file, name, *shape):
    file.write(struct.pack("iii", len(shape), len(name), FLOAT32))
    file.write(struct.pack("i" * len(shape), *reversed(shape)))
    file.write(name.encode())
    left = 4
    for size in shape:
        left *= size
    while left > 0:
        file.write(block[:left])
        left -= len(block)


with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("iiiiiii", 0x67676D6C, VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS, FLOAT32))
    file.write(struct.pack("i", VOCABULARY))
    for i in range(VOCABULARY):
        word = b"a" if i == 0 else f"w{i}".encode()
        file.write(struct.pack("i", len(word)) + word)
    for name in ("g", "b"):
        write_tensor(file, f"model/ln_f/{name}", WIDTH)
    write_tensor(file, "model/wte", VOCABULARY, WIDTH)
    write_tensor(file, "model/wpe", CONTEXT, WIDTH)
    for layer in range(LAYERS):
        for norm in ("ln_1", "ln_2"):
            for name in ("g", "b"):
                write_tensor(file, f"model/h{layer}/{norm}/{name}", WIDTH)
        for name, outputs, inputs in (("attn/c_attn", 3 * WIDTH, WIDTH), ("attn/c_proj", WIDTH, WIDTH), ("mlp/c_fc", 4 * WIDTH, WIDTH), ("mlp/c_proj", WIDTH, 4 * WIDTH)):
            write_tensor(file, f"model/h{layer}/{name}/w", outputs, inputs)
            write_tensor(file, f"model/h{layer}/{name}/b", outputs)
