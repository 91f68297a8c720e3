using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ResearchKit.Core.Configuration;
using ResearchKit.Models.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public partial class GoldenSparseAttentionTests
{
    /// <summary>float64, so only the order of additions differs.</summary>
    private const double Float64 = 1e-12;

    private static readonly JsonElement Stored = Golden.Json("sparse-attention", "masks.json");

    private static readonly TensorFile Attention = new("sparse-attention", "attention.safetensors");

    public static TheoryData<string, string> Masks => Data((_, _) => true);

    /// <summary>Masks with an output: one that leaves rows without keys has none.</summary>
    public static TheoryData<string, string> MasksWithOutput => Data((tag, mask) => Attention.Has($"{tag}/out/{mask}"));

    private static TheoryData<string, string> Data(Func<string, string, bool> wanted)
    {
        var data = new TheoryData<string, string>();
        foreach (var item in Stored.GetProperty("cases").EnumerateArray())
        {
            var tag = item.GetProperty("tag").GetString()!;
            foreach (var mask in item.GetProperty("masks").EnumerateObject().Where(mask => wanted(tag, mask.Name))) data.Add(tag, mask.Name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Masks))]
    public void PatternsEqualTheMasksOfThePaperAndItsCode(string tag, string name)
    {
        var (item, n, heads, pattern) = Case(tag, name);
        var entry = item.GetProperty("masks").GetProperty(name);
        var stored = entry.GetProperty("mask").EnumerateArray().ToArray();
        var perHead = entry.GetProperty("shape").GetArrayLength() == 3;
        for (var h = 0; h < heads; h++)
        {
            var rows = perHead ? stored[h].EnumerateArray().ToArray() : stored;
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    // The paper's second fixed factor leaves rows without keys; ours adds the position itself there.
                    var expected = rows[i][j].GetInt32() == 1 || (name == "paper_fixed_A2" && i == j);
                    Assert.True(expected == pattern.Allows(h, i, j), $"head {h}, query {i}, key {j}: {expected} expected of {pattern}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(MasksWithOutput))]
    public void AttentionUnderThemEqualsTheReference(string tag, string name)
    {
        using var scope = NewDisposeScope();
        var (_, n, heads, pattern) = Case(tag, name);
        Tensor Heads(string part) => Attention[$"{tag}/{part}"].view(2, n, heads, -1).transpose(1, 2);              // [2, H, n, D]
        Tensor Merged(Tensor y) => y.transpose(1, 2).reshape(2, n, -1);
        var (q, k, v, output) = (Heads("q"), Heads("k"), Heads("v"), Attention[$"{tag}/out/{name}"]);
        Tolerance.Close(output, Merged(AttentionKernels.AttendMaskedDense(q, k, v, pattern, scale: true)), Float64, "oracle");
        Tolerance.Close(output, Merged(AttentionKernels.Attend(q, k, v, pattern, scale: true)), Float64, "chosen path");
    }

    private static (JsonElement Item, int N, int Heads, AttentionPattern Pattern) Case(string tag, string name)
    {
        var item = Stored.GetProperty("cases").EnumerateArray().Single(item => item.GetProperty("tag").GetString() == tag);
        var l = item.GetProperty("local_attn_ctx").GetInt32();
        var summary = item.GetProperty("masks").EnumerateObject().Select(mask => ElementwiseFixed().Match(mask.Name)).First(match => match.Success);
        var c = Number(summary, 1);
        AttentionPattern pattern = name switch
        {
            "all" => new DenseAttention(),
            "local" => new LocalAttention(l),
            "strided" or "paper_strided_A2" => new StridedAttention(l, FactorUse.Second),
            "code_strided_merged" => new StridedAttention(l),
            "paper_strided_A1" => new LocalAttention(l + 1),
            "paper_strided_merged" => new StridedAttention(l),            // key i - l, which only the paper's A1 holds, is also in A2
            "paper_fixed_A1" => new FixedAttention(l, c, FactorUse.First),
            "paper_fixed_A2" => new FixedAttention(l, c, FactorUse.Second),
            "paper_fixed_merged" => new FixedAttention(l, c),
            _ when ElementwiseFixed().Match(name) is { Success: true } match => new FixedAttention(l, Number(match, 1)),
            _ when BlockFixed().Match(name) is { Success: true } match => new FixedAttention(
                l, item.GetProperty("blocksize_for_fixed").GetInt32() * Number(match, 2), FactorUse.Merged, Number(match, 1)),
            _ => throw new NotSupportedException($"No pattern is known for the mask {name}."),
        };
        return (item, item.GetProperty("n").GetInt32(), item.GetProperty("heads").GetInt32(), pattern);
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^fixed_elementwise_c(\d+)$")]
    private static partial Regex ElementwiseFixed();

    [GeneratedRegex(@"^fixed_blocksparse_verts(\d+)_size(\d+)$")]
    private static partial Regex BlockFixed();
}
