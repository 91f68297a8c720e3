using System.IO.Compression;
using ResearchKit.Core;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Testing;
using static ResearchKit.Models.Tests.Checkpoints.PyTorchFixture;

namespace ResearchKit.Models.Tests.Checkpoints;

public class PyTorchFileTests
{
    private static readonly byte[] Six = Floats(0, 1, 2, 3, 4, 5);

    /// <summary>What each pickle tries, the pickle, and what the message says.</summary>
    private static readonly (string What, byte[] Pickle, string Reason)[] Attacks =
    [
        ("system call", Pickle(Call(Global("os", "system"), Text("touch owned"))), "os.system"),
        ("call hidden in a value", Pickle(Dictionary(("wte.weight", Call(Global("builtins", "eval"), Text("1"))))), "builtins.eval"),
        ("call by name from the stack", Pickle(Text("posix"), Text("system"), [0x93], Tuple(Text("true")), [(byte)'R']), "posix.system"),
        ("module object", Pickle(Call(Global("torch.nn.modules.linear", "Linear"))), "torch.nn.modules.linear.Linear"),
        ("instance opcode", Pickle([(byte)'(', (byte)'i', .. "os\nsystem\n"u8]), "opcode 0x69"),
        ("new object opcode", Pickle(Global("collections", "OrderedDict"), Tuple(), [0x81]), "opcode 0x81"),
        ("extension registry", Pickle([0x82, 1]), "opcode 0x82"),
        ("storage called like a function", Pickle(Call(Global("torch", "FloatStorage"), Number(1 << 30))), "neither a tensor nor a container"),
        ("state of a number", Pickle(Number(1), Dictionary(), [(byte)'b']), "not a dictionary"),
        ("no storage", Pickle(Dictionary(("a", [.. Tuple(Text("module"), Text("os")), (byte)'Q']))), "not a storage"),
        ("beyond the storage", Pickle(Dictionary(("a", Tensor("0", 6, 1, [2, 3], [3, 1])))), "beyond its storage"),
        ("negative offset", Pickle(Dictionary(("a", Tensor("0", 6, -1, [2], [1])))), "beyond its storage"),
        ("negative stride", Pickle(Dictionary(("a", Tensor("0", 6, 5, [2], [-1])))), "at least 0"),
        ("stride of zero", Pickle(Dictionary(("a", Tensor("0", 6, 0, [1 << 20, 1 << 20], [0, 0])))), "elements in a storage"),
        ("overflowing shape", Pickle(Dictionary(("a", Tensor("0", 6, 0, [int.MaxValue, int.MaxValue, int.MaxValue, 8], [1, 1, 1, 1])))), "impossible shape"),
        ("overflowing reach", Pickle(Dictionary(("a", Tensor("0", 6, 0, [2, 2], [int.MaxValue, int.MaxValue])))), "beyond its storage"),
        ("ranks differ", Pickle(Dictionary(("a", Tensor("0", 6, 0, [2, 3], [1])))), "impossible shape"),
        ("storage too short", Pickle(Dictionary(("a", Tensor("0", 7, 0, [2, 3], [3, 1])))), "storage `0`"),
        ("storage of another type", Pickle(Dictionary(("a", Tensor("0", 6, 0, [6], [1])), ("b", Tensor("0", 6, 0, [6], [1], "IntStorage")))), "two ways"),
        ("missing storage", Pickle(Dictionary(("a", Tensor("1", 6, 0, [6], [1])))), ""),
        ("not a dictionary", Pickle(Number(1)), "dictionary of tensors"),
        ("more than weights", Pickle(Dictionary(("epoch", Number(3)))), "`epoch` is not a tensor"),
        ("list as key", Pickle([(byte)'}', (byte)']', (byte)'N', (byte)'s']), "key is neither"),
        ("empty stack", Pickle([(byte)'0']), "not there"),
        ("unopened list", Pickle([(byte)'t']), "not opened"),
        ("text longer than the file", Pickle([(byte)'X', 0xFF, 0xFF, 0xFF, 0x7F]), "longer than the file"),
        ("number of 2 GB", Pickle([0x8b, 0xFF, 0xFF, 0xFF, 0x7F]), "far too long"),
        ("unknown memory", Pickle([(byte)'h', 7]), "recalls"),
        ("million nested lists", Pickle(Enumerable.Repeat((byte)']', 3_000_000).ToArray()), "steps"),
        ("deep recursion", Pickle([[(byte)']', .. Enumerable.Repeat((byte)0x85, 500_000)]]), "dictionary of tensors"),
        // One list of 100,000 pairs made into a dictionary 100,000 times would take hours.
        ("quadratic work", Pickle([[(byte)']', (byte)'(', .. Enumerable.Repeat(Tuple(Text("a"), Number(1)), 100_000).SelectMany(x => x), (byte)'e', (byte)'q', 1, .. Enumerable.Repeat<byte[]>([.. Global("collections", "OrderedDict"), (byte)'h', 1, 0x85, (byte)'R'], 100_000).SelectMany(x => x)]]), "steps"),
    ];

    public static TheoryData<string> Hostile { get; } = [.. Attacks.Select(attack => attack.What)];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void AHostilePickleIsRefusedInBothFormats(string what)
    {
        var (_, pickle, reason) = Attacks.Single(attack => attack.What == what);
        using var folder = new TemporaryFolder();
        var path = folder.File("pytorch_model.bin");
        foreach (var content in new[] { Zip(pickle, CompressionLevel.NoCompression, ("0", Six)), Legacy(pickle, ("0", 6, Six)) })
        {
            File.WriteAllBytes(path, content);
            var error = Assert.Throws<ConfigException>(() => PyTorchFile.Open(path));
            Assert.True(error.Message.Contains(reason, StringComparison.Ordinal), $"{what}: {error.Message}");
        }

        Assert.False(File.Exists("owned"));
    }

    [Fact]
    public void ViewsOfOneStorageAreReadThroughTheirStrides()
    {
        using var folder = new TemporaryFolder();
        var pickle = Pickle(Dictionary(
            ("whole", Tensor("0", 6, 0, [2, 3], [3, 1])),
            ("transposed", Tensor("0", 6, 0, [3, 2], [1, 3])),
            ("column", Tensor("0", 6, 1, [2], [3])),
            ("row", Tensor("0", 6, 3, [1, 3], [17, 1])),
            ("scalar", Tensor("0", 6, 4, [], [])),
            ("empty", Tensor("0", 6, 0, [0, 3], [3, 1]))));
        foreach (var content in new[] { Zip(pickle, CompressionLevel.NoCompression, ("0", Six)), Zip64(pickle, ("0", Six)), Legacy(pickle, ("0", 6, Six)) })
        {
            File.WriteAllBytes(folder.File("a.bin"), content);
            using var file = PyTorchFile.Open(folder.File("a.bin"));
            Assert.Equal([0, 1, 2, 3, 4, 5], Values(file, "whole"));
            Assert.Equal([0, 3, 1, 4, 2, 5], Values(file, "transposed"));
            Assert.Equal([1, 4], Values(file, "column"));
            Assert.Equal([3, 4, 5], Values(file, "row"));
            Assert.Equal([4], Values(file, "scalar"));
            Assert.Empty(Values(file, "empty"));
            var middle = new float[3];
            file.CopyRangeTo("transposed", 2, middle);
            Assert.Equal([1, 4, 2], middle);
        }
    }

    [Fact]
    public void CompressedEntriesAreRefusedSoThatABombCannotGoOff()
    {
        using var folder = new TemporaryFolder();
        var bomb = new byte[50_000_000];
        var pickle = Pickle(Dictionary(("a", Tensor("0", bomb.Length / 4, 0, [bomb.Length / 4], [1]))));
        File.WriteAllBytes(folder.File("a.bin"), Zip(pickle, CompressionLevel.SmallestSize, ("0", bomb)));
        var before = GC.GetTotalAllocatedBytes();
        Assert.Contains("compressed", Assert.Throws<ConfigException>(() => PyTorchFile.Open(folder.File("a.bin"))).Message);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 5_000_000);
    }

    [Fact]
    public void FilesOfOtherKindsAreNamedAsSuch()
    {
        using var folder = new TemporaryFolder();
        foreach (var (content, reason) in new (byte[], string)[]
                 {
                     ([], "0 bytes"), ([.. "GGUF...."u8], "neither like a zip file"), ([0x80, 2, (byte)'N', (byte)'.'], "not one that `torch.save` wrote"),
                     ([.. "PK\x03\x04 and nothing more"u8], "cut short"), (Zip(Pickle(Dictionary()), CompressionLevel.NoCompression)[..^1], "cut short"),
                 })
        {
            File.WriteAllBytes(folder.File("a.bin"), content);
            Assert.Contains(reason, Assert.Throws<ConfigException>(() => PyTorchFile.Open(folder.File("a.bin"))).Message);
        }
    }

    private static float[] Values(PyTorchFile file, string name)
    {
        var values = new float[file.Tensors[name].ElementCount];
        ((ITensorSource)file).CopyTo(name, values);
        return values;
    }
}
