using System.Buffers.Binary;
using System.Text;
using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Models.Tests.Reference;
using ResearchKit.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests.Checkpoints;

public class SafetensorsTests
{
    private static readonly ScalarType[] Types =
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64,
        ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
    ];

    [Fact]
    public void EveryTypeComesBackAsItWasWritten()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var tensors = Types.ToDictionary(type => type.ToString(), type => arange(-3, 9, dtype: ScalarType.Float32).to(type).view(3, 4));
        tensors["scalar"] = tensor(2.5f);
        tensors["empty"] = zeros(0, 7);
        SafetensorsWriter.Write(folder.File("a.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt", ["note"] = "ä \" \\" });

        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        Assert.Equal("ä \" \\", file.Metadata["note"]);
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Tensors.Keys);
        foreach (var (name, expected) in tensors)
        {
            var actual = file.ReadTensor(name);
            Assert.Equal(expected.dtype, actual.dtype);
            Assert.Equal(expected.shape, actual.shape);
            Assert.True(expected.equal(actual).all().item<bool>(), name);
            var floats = new float[file.Tensors[name].ElementCount];
            file.CopyTo(name, floats);
            Assert.Equal(expected.numel() == 0 ? [] : expected.to(float32).data<float>().ToArray(), floats);
        }
    }

    [Fact]
    public void EqualContentGivesEqualBytesWhateverTheOrder()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        KeyValuePair<string, Tensor>[] tensors = [new("b", ones(3)), new("a", zeros(2, 2, dtype: int64)), new("c", ones(1, dtype: bfloat16))];
        SafetensorsWriter.Write(folder.File("1"), tensors);
        SafetensorsWriter.Write(folder.File("2"), tensors.Reverse());
        Assert.Equal(File.ReadAllBytes(folder.File("1")), File.ReadAllBytes(folder.File("2")));
    }

    [Fact]
    public void GoldenFilesAreReadInFull()
    {
        var files = Directory.GetFiles(Golden.Root, "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (var path in files)
        {
            using var scope = NewDisposeScope();
            using var file = SafetensorsFile.Open(path);
            foreach (var (name, info) in file.Tensors)
            {
                var floats = new float[info.ElementCount];
                file.CopyTo(name, floats);
                if (floats.Length > 0) Assert.Equal(file.ReadTensor(name).to(float32).data<float>().ToArray(), floats);
            }
        }
    }

    [Property]
    public void EveryHalfAndBFloat16WidensAsLibtorchWidensIt(ushort[] words)
    {
        using var scope = NewDisposeScope();
        foreach (var (type, torchType) in new[] { (TensorType.F16, ScalarType.Float16), (TensorType.BF16, ScalarType.BFloat16) })
        {
            var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan());
            var floats = new float[words.Length];
            ElementConversion.ToFloat32(type, bytes, floats);
            if (words.Length == 0) return;
            var expected = empty(words.Length, dtype: torchType);
            bytes.CopyTo(expected.bytes);
            Assert.Equal(expected.numel() == 0 ? [] : expected.to(float32).data<float>().ToArray(), floats);
        }
    }

    [Property]
    public void RoundingToHalfAndBFloat16IsLibtorchs(float[] values)
    {
        using var scope = NewDisposeScope();
        if (values.Length == 0) return;
        foreach (var (type, torchType) in new[] { (TensorType.F16, ScalarType.Float16), (TensorType.BF16, ScalarType.BFloat16) })
        {
            var bytes = new byte[values.Length * 2];
            ElementConversion.FromFloat32(type, values, bytes);
            var back = new float[values.Length];
            ElementConversion.ToFloat32(type, bytes, back);
            Assert.Equal(tensor(values).to(torchType).to(float32).data<float>().ToArray(), back);
        }
    }

    [Theory]
    [InlineData("", "too few")]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "does not begin with `{`")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "need 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "need 16 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "hold 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", "overflows")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", "at least 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}""", "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "must have")]
    [InlineData("""{"a":{"dtype":"Q4_0","shape":[2],"data_offsets":[0,8]}}""", "does not know")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"call":"os.system"}}""", "unknown")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} extra""", "not valid JSON")]
    [InlineData("""{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not a string")]
    [InlineData("""{"__metadata__":{},"__metadata__":{},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "twice")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not valid JSON")]
    [InlineData("""{"a":[[[[[[[[[[[[]]]]]]]]]]]]}""", "not an object")]
    public void ADamagedHeaderIsRefusedWithItsReason(string header, string reason)
    {
        using var folder = new TemporaryFolder();
        var path = Written(folder, "damaged.safetensors", header.Length == 0 ? [1, 2, 3] : FileOf(Encoding.UTF8.GetBytes(header), 8));
        var error = Assert.Throws<ConfigException>(() => SafetensorsFile.Open(path));
        Assert.Contains(reason, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void HeadersThatAreTooLongOrNotUtf8AreRefused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("at most", Assert.Throws<ConfigException>(() => SafetensorsFile.Open(Written(folder, "a", [.. Length(ulong.MaxValue), .. "{}"u8]))).Message);
        Assert.Contains("only 2 follow", Assert.Throws<ConfigException>(() => SafetensorsFile.Open(Written(folder, "b", [.. Length(99), .. "{}"u8]))).Message);
        Assert.Contains("UTF-8", Assert.Throws<ConfigException>(() => SafetensorsFile.Open(Written(folder, "c", FileOf([(byte)'{', (byte)'"', 0xC0, 0x80, (byte)'"', (byte)'}'], 0)))).Message);
        Assert.Contains("cannot be read", Assert.Throws<ConfigException>(() => SafetensorsFile.Open(folder.File("absent"))).Message);
        Assert.Contains("cannot be read", Assert.Throws<ConfigException>(() => SafetensorsFile.Open(folder.Path)).Message);
    }

    [Fact]
    public void AFailedWriteLeavesTheOldFileAndNoOther()
    {
        using var folder = new TemporaryFolder();
        var path = Written(folder, "a.safetensors", [1, 2, 3]);
        TensorToWrite[] tensors = [new("a", new TensorInfo(TensorType.F32, [1]), _ => throw new IOException("No space left on device"))];
        Assert.Contains("No space left", Assert.Throws<ConfigException>(() => SafetensorsWriter.Write(path, tensors)).Message);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void ReadingLeavesNoTensorBehind()
    {
        var path = Directory.GetFiles(Golden.Root, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        TensorLeak.None(() =>
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var name in file.Tensors.Keys) file.ReadTensor(name).Dispose();
        });
    }

    private static string Written(TemporaryFolder folder, string name, byte[] content)
    {
        File.WriteAllBytes(folder.File(name), content);
        return folder.File(name);
    }

    private static byte[] Length(ulong length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        return bytes;
    }

    private static byte[] FileOf(byte[] header, int dataLength) => [.. Length((ulong)header.Length), .. header, .. new byte[dataLength]];
}
