using System.IO.Compression;
using System.Text;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Random;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Testing;
using static ResearchKit.Models.Tests.Checkpoints.PyTorchFixture;

namespace ResearchKit.Models.Tests.Checkpoints;

/// <summary>Every damaged file of every format is read or refused with a <see cref="ConfigException"/>; any other exception, a crash, a hang or a large allocation fails.</summary>
public class HostileFileTests
{
    private const int MutationCount = 10_000;

    /// <summary>Files of a few kB: what a reader may allocate beyond them is its own bookkeeping.</summary>
    private const long MaxAllocatedBytes = 32 << 20;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);

    /// <summary>A valid set of files, how it is opened, and how one of them is damaged.</summary>
    private sealed record Format(string Name, (string File, byte[] Content)[] Files, string Opened, Func<byte[], CounterRandom, byte[]> Damage)
    {
        public string FileOf(string file) => Path.Combine(Name, file);
    }

    [Fact]
    public void TenThousandMutationsAreReadOrRefused()
    {
        using var folder = new TemporaryFolder();
        var formats = Formats(folder).ToArray();
        var outcomes = formats.ToDictionary(format => format.Name, _ => (Read: 0, Refused: 0));
        foreach (var format in formats) WriteAll(folder, format);
        for (var i = 0; i < MutationCount; i++)
        {
            var random = new CounterRandom(2026, "hostile-files", i);
            var format = formats[i % formats.Length];
            var (damaged, intact) = random.Pick(format.Files);
            Write(folder, format.FileOf(damaged), format.Damage(intact, random));

            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var started = TimeProvider.System.GetTimestamp();
            var (read, refused) = outcomes[format.Name];
            try
            {
                ReadAll(folder.File(format.FileOf(format.Opened)));
                outcomes[format.Name] = (read + 1, refused);
            }
            catch (ConfigException error)
            {
                outcomes[format.Name] = (read, refused + 1);
                Assert.Contains(folder.Path, error.Message);
            }
            catch (Exception error)
            {
                Assert.Fail($"mutation {i} of {format.Name}: {error}");
            }

            Write(folder, format.FileOf(damaged), intact);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < MaxAllocatedBytes, $"mutation {i} of {format.Name} allocated {GC.GetAllocatedBytesForCurrentThread() - allocated} bytes");
            Assert.True(TimeProvider.System.GetElapsedTime(started) < MaxTime, $"mutation {i} of {format.Name} took {TimeProvider.System.GetElapsedTime(started)}");
        }

        // The mutations must neither miss nor only hit the first check.
        Assert.All(outcomes, outcome => Assert.True(outcome.Value is { Read: > 0, Refused: > 0 }, $"{outcome}"));
    }

    [Fact]
    public void DamagedFoldersAreLoadedOrRefused()
    {
        using var folder = new TemporaryFolder();
        using (var model = new Gpt(Tiny)) ModelFolder.Save(folder.File("m"), model, null);
        (string File, byte[] Content)[] files = [.. new[] { "m/config.json", "m/model.safetensors" }.Select(file => (file, File.ReadAllBytes(folder.File(file))))];
        var refusedCount = 0;
        for (var i = 0; i < 400; i++)
        {
            var random = new CounterRandom(2026, "hostile-folders", i);
            var (damaged, intact) = random.Pick(files);
            Write(folder, damaged, Mutation.OfText(intact, random));
            try
            {
                ModelFolder.Load(folder.File("m")).Dispose();
            }
            catch (ConfigException)
            {
                refusedCount++;
            }

            Write(folder, damaged, intact);
        }

        Assert.InRange(refusedCount, 100, 399);
    }

    [Fact]
    public void EveryTruncationOfEveryFormatIsReadOrRefused()
    {
        using var folder = new TemporaryFolder();
        foreach (var format in Formats(folder))
        {
            WriteAll(folder, format);
            foreach (var (file, content) in format.Files)
            {
                for (var length = 0; length < content.Length; length += 1 + content.Length / 200)
                {
                    Write(folder, format.FileOf(file), content[..length]);
                    try
                    {
                        ReadAll(folder.File(format.FileOf(format.Opened)));
                    }
                    catch (ConfigException)
                    {
                    }
                }

                Write(folder, format.FileOf(file), content);
            }

            ReadAll(folder.File(format.FileOf(format.Opened)));
        }
    }

    [Fact]
    public void AJsonOfAThousandNestedListsIsRefused()
    {
        using var folder = new TemporaryFolder();
        var deep = Encoding.UTF8.GetBytes($"{{\"attention_types\":{new string('[', 100_000)}");
        foreach (var name in new[] { "config.json", "hparams.json", "params_shapes.json", "model.safetensors.index.json" })
        {
            Write(folder, name, deep);
            Assert.Throws<ConfigException>(() => ReadAll(folder.File(name)));
        }
    }

    [Fact]
    public void AnImpossiblyLargeModelIsRefusedBeforeAnyMemoryIsTaken()
    {
        using var folder = new TemporaryFolder();
        using (var model = new Gpt(Tiny)) ModelFolder.Save(folder.File("m"), model, null);
        Write(folder, "m/config.json", Encoding.UTF8.GetBytes("""{"model_type":"gpt2","n_layer":10000,"n_head":1,"n_embd":16777216,"n_positions":16777216,"vocab_size":16777216}"""));
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("is missing", Assert.Throws<ConfigException>(() => ModelFolder.Load(folder.File("m"))).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 256 << 20);
    }

    [Fact]
    public void TablesWhoseBlocksRepeatOrWhoseKeysDescendAreRefused()
    {
        using var folder = new TemporaryFolder();
        var (index, data) = TensorFlowFixture.Checkpoint(("a", [1], [1]));
        Write(folder, "m.data-00000-of-00001", data);
        Write(folder, "m.index", index);
        ReadAll(folder.File("m.index"));

        Write(folder, "m.index", TensorFlowFixture.Table(TensorFlowFixture.Block([([], [0x08, 1]), ([.. "b"u8], [0x08, 1]), ([.. "a"u8], [0x08, 1])])));
        Assert.Contains("ascending", Assert.Throws<ConfigException>(() => ReadAll(folder.File("m.index"))).Message);

        index[10] ^= 1;
        Write(folder, "m.index", index);
        Assert.Contains("checksum", Assert.Throws<ConfigException>(() => ReadAll(folder.File("m.index"))).Message);

        Write(folder, "m.index", TensorFlowFixture.Checkpoint(("a", [1], [1])).Index);
        data[0] ^= 1;
        Write(folder, "m.data-00000-of-00001", data);
        Assert.Contains("checksum", Assert.Throws<ConfigException>(() => ReadAll(folder.File("m.index"))).Message);
    }

    private static readonly ModelConfig Tiny = new()
    {
        LayerCount = 1, HeadCount = 2, EmbeddingSize = 4, ContextLength = 3, VocabularySize = 5, Attention = [new LocalAttention(2)],
    };

    private static IEnumerable<Format> Formats(TemporaryFolder folder)
    {
        byte[] numbers = Floats([.. Enumerable.Range(0, 24).Select(i => (float)i)]);
        using (var model = new Gpt(Tiny)) ModelFolder.Save(folder.File("m"), model, null, storage: TensorType.BF16);
        var safetensors = File.ReadAllBytes(folder.File("m/model.safetensors"));
        yield return new("safetensors", [("a.safetensors", safetensors)], "a.safetensors", Mutation.OfText);
        yield return new("index", [("model.safetensors.index.json", Index(folder.File("m/model.safetensors"))), ("a.safetensors", safetensors)], "model.safetensors.index.json", Mutation.OfText);

        var pickle = Pickle(Dictionary(
            ("wte.weight", Tensor("0", 24, 0, [6, 4], [4, 1])), ("wpe.weight", Tensor("0", 24, 4, [4, 5], [1, 4])), ("h.0.ln_1.bias", Tensor("1", 24, 0, [24], [1], "HalfStorage"))));
        yield return new("zip", [("a.bin", Zip(pickle, CompressionLevel.NoCompression, ("0", numbers), ("1", numbers[..48])))], "a.bin", Mutation.Of);
        yield return new("zip64", [("a.bin", Zip64(pickle, ("0", numbers), ("1", numbers[..48])))], "a.bin", Mutation.Of);
        yield return new("legacy", [("a.pt", Legacy(pickle, ("0", 24, numbers), ("1", 24, numbers[..48])))], "a.pt", Mutation.Of);

        long[][] shapes = [[3, 4], [5, 4], [1, 4, 12], [12], [1, 4, 4], [4], [4], [4], [1, 4, 16], [16], [1, 16, 4], [4], [4], [4]];
        var total = (int)shapes.Sum(shape => shape.Aggregate(1L, (product, size) => product * size));
        yield return new(
            "npy",
            [
                ("params_shapes.json", Encoding.ASCII.GetBytes($"[{string.Join(", ", shapes.Select(shape => $"[{string.Join(", ", shape)}]"))}]")),
                ("params_0.npy", Npy(total / 3)), ("params_1.npy", Npy(total / 3)), ("params_2.npy", Npy(total - 2 * (total / 3))),
            ],
            "params_shapes.json",
            Mutation.OfText);

        var (index, data) = TensorFlowFixture.Checkpoint(("model/wte", [5, 4], new float[20]), ("model/h0/attn/c_attn/w", [1, 4, 12], new float[48]), ("model/h0/attn/c_attn/b", [12], new float[12]));
        yield return new("TensorFlow", [("m.index", index), ("m.data-00000-of-00001", data)], "m.index", Mutation.Of);
        // Right checksums over wrong content: as someone would make them who means harm.
        var block = TensorFlowFixture.FirstBlock(index);
        yield return new("TensorFlow block", [("m.index", index), ("m.data-00000-of-00001", data)], "m.index", (file, random) => file == index ? TensorFlowFixture.Table(Mutation.Of(block, random)) : Mutation.Of(file, random));
        yield return new("config", [("config.json", File.ReadAllBytes(folder.File("m/config.json")))], "config.json", Mutation.OfText);
        yield return new("hparams", [("hparams.json", [.. """{"n_vocab": 5, "n_ctx": 3, "n_embd": 4, "n_head": 2, "n_layer": 1}"""u8])], "hparams.json", Mutation.OfText);
    }

    private static byte[] Index(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Encoding.UTF8.GetBytes($"{{\"weight_map\":{{{string.Join(",", file.Tensors.Keys.Select(name => $"\"{name}\":\"a.safetensors\""))}}}}}");
    }

    private static byte[] Npy(int count)
    {
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}".PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. new byte[4 * count]];
    }

    private static void ReadAll(string path)
    {
        switch (Path.GetFileName(path))
        {
            case "config.json": HuggingFaceConfig.Read(path); return;
            case "hparams.json": OpenAIConfig.ReadHyperparameters(path); return;
        }

        using var source = WeightFiles.Open(path);
        foreach (var (name, info) in source.Tensors) source.CopyTo(name, new float[info.ElementCount]);
    }

    private static void WriteAll(TemporaryFolder folder, Format format)
    {
        Directory.CreateDirectory(folder.File(format.Name));
        foreach (var (file, content) in format.Files) Write(folder, format.FileOf(file), content);
    }

    private static void Write(TemporaryFolder folder, string name, byte[] content) => File.WriteAllBytes(folder.File(name), content);
}
