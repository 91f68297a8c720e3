using System.Text.Json;
using ResearchKit.Testing;

namespace ResearchKit.Cli.Tests;

/// <summary>The verbs that scripts use, against values that other implementations computed.</summary>
public sealed class PlumbingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Models => GoldenCases.With("expected.safetensors");

    public static TheoryData<string> Scored => GoldenCases.With("loglikelihood.json");

    public static TheoryData<string> Generated => GoldenCases.With("generation.json");

    [Theory]
    [MemberData(nameof(Models))]
    public void LogitsEqualTheReference(string model)
    {
        var expected = GoldenCases.PathOf(model, "expected.safetensors");
        var (shape, ids) = GoldenCases.Tensor<long>(expected, "lm/input_ids", "I64");
        File.WriteAllText(_folder.File("ids.json"), JsonSerializer.Serialize(ids.Chunk(shape[1])));

        Succeeds("logits", "--model", GoldenCases.PathOf(model), "--tokens", _folder.File("ids.json"), "--out", _folder.File("logits.safetensors"), "--device", "cpu", "--threads", "1");

        var (computedShape, computed) = GoldenCases.Tensor<float>(_folder.File("logits.safetensors"), "logits", "F32");
        var (storedShape, stored) = GoldenCases.Tensor<float>(expected, "lm/logits", "F32");
        Assert.Equal(storedShape, computedShape);
        Assert.True(stored.Zip(computed, (e, a) => Math.Abs(e - a)).Max() <= 2e-5);
    }

    [Theory]
    [MemberData(nameof(Scored))]
    public void LogLikelihoodsEqualTheReference(string model)
    {
        var requests = GoldenCases.Json(model, "loglikelihood.json").GetProperty("requests").EnumerateArray().ToArray();
        File.WriteAllLines(_folder.File("in.jsonl"), requests.Select(request => JsonSerializer.Serialize(new { context = request.GetProperty("context"), continuation = request.GetProperty("continuation") })));

        Succeeds("loglikelihood", "--model", GoldenCases.PathOf(model), "--requests", _folder.File("in.jsonl"), "--out", _folder.File("out.jsonl"), "--device", "cpu", "--threads", "1");

        var answers = File.ReadAllLines(_folder.File("out.jsonl"));
        Assert.Equal(requests.Length, answers.Length);
        foreach (var (request, line) in requests.Zip(answers))
        {
            using var answer = JsonDocument.Parse(line);
            Assert.Equal(["logprob", "greedy"], answer.RootElement.EnumerateObject().Select(member => member.Name));
            Assert.Equal(request.GetProperty("logprob").GetDouble(), answer.RootElement.GetProperty("logprob").GetDouble(), 1e-5 * request.GetProperty("continuation").GetArrayLength());
            Assert.Equal(request.GetProperty("is_greedy").GetBoolean(), answer.RootElement.GetProperty("greedy").GetBoolean());
        }
    }

    [Theory]
    [MemberData(nameof(Generated))]
    public void GreedyTokensEqualTheReference(string model)
    {
        var stored = GoldenCases.Json(model, "generation.json");
        foreach (var item in stored.GetProperty("prompts").EnumerateArray().Append(stored.GetProperty("cropped")))
        {
            var (prompt, greedy) = (Ids(item.GetProperty("prompt")), Ids(item.GetProperty("greedy")));
            var output = Succeeds("generate", "--model", GoldenCases.PathOf(model), "--tokens", string.Join(",", prompt), "--max-new-tokens", greedy.Length.ToString(), "--temperature", "0", "--json", "--device", "cpu", "--threads", "1");
            using var answer = JsonDocument.Parse(output);
            Assert.Equal(greedy, Ids(answer.RootElement.GetProperty("tokens")));
        }
    }

    [Fact]
    public void TheSameSeedSamplesTheSameTokensAndAnotherSeedOthers()
    {
        var model = GoldenCases.PathOf(GoldenCases.Folders("generation.json").First());
        string Sample(string seed) => Succeeds("generate", "--model", model, "--tokens", "1,2,3", "--max-new-tokens", "12", "--temperature", "1", "--top-k", "40", "--top-p", "0.95", "--seed", seed, "--json", "--device", "cpu", "--threads", "1");
        Assert.Equal(Sample("5"), Sample("5"));
        Assert.NotEqual(Sample("5"), Sample("6"));
    }

    [Fact]
    public void Int8GeneratesAndScoresAModelOfItsOwn()
    {
        var model = GoldenCases.PathOf(GoldenCases.Folders("generation.json").First());
        double LogProbability(params string[] more)
        {
            using var answer = JsonDocument.Parse(Succeeds(["generate", "--model", model, "--tokens", "1,2,3", "--max-new-tokens", "1", "--json", "--device", "cpu", "--threads", "1", .. more]));
            return answer.RootElement.GetProperty("logprob").GetDouble();
        }

        var (whole, rounded) = (LogProbability(), LogProbability("--int8"));
        Assert.NotEqual(whole, rounded);
        Assert.Equal(whole, rounded, 0.1);
    }

    [Fact]
    public void Gpt2TokensEqualTheReferenceAndTurnBackIntoTheirTexts()
    {
        var stored = GoldenCases.Json("tokenizer", "gpt2-bpe.json").GetProperty("encode").EnumerateArray().ToArray();
        var (texts, ids, back) = (_folder.File("texts.jsonl"), _folder.File("ids.jsonl"), _folder.File("back.jsonl"));
        File.WriteAllLines(texts, stored.Select((item, i) => i % 2 == 0 ? item.GetProperty("text").GetRawText() : $"{{\"text\": {item.GetProperty("text").GetRawText()}}}"));

        Succeeds("tokenize", "--tokenizer", "gpt2", "--in", texts, "--out", ids);
        Succeeds("detokenize", "--tokenizer", "gpt2", "--in", ids, "--out", back);

        var (encoded, decoded) = (File.ReadAllLines(ids), File.ReadAllLines(back));
        Assert.Equal((stored.Length, stored.Length), (encoded.Length, decoded.Length));
        for (var i = 0; i < stored.Length; i++)
        {
            Assert.Equal(Ids(stored[i].GetProperty("ids")), JsonSerializer.Deserialize<int[]>(encoded[i]));
            Assert.Equal(stored[i].GetProperty("text").GetString(), JsonSerializer.Deserialize<string>(decoded[i]));
        }
    }

    [Fact]
    public void BrokenUtf8DecodesAsTheReferenceDoes()
    {
        var stored = GoldenCases.Json("tokenizer", "gpt2-bpe.json").GetProperty("decode").EnumerateArray().ToArray();
        var (ids, texts) = (_folder.File("ids.jsonl"), _folder.File("texts.jsonl"));
        File.WriteAllLines(ids, stored.Select(item => JsonSerializer.Serialize(item.GetProperty("ids"))));
        Succeeds("detokenize", "--tokenizer", "gpt2", "--in", ids, "--out", texts);
        Assert.Equal(stored.Select(item => item.GetProperty("text").GetString()), File.ReadAllLines(texts).Select(line => JsonSerializer.Deserialize<string>(line)));
    }

    private static string Succeeds(params string[] arguments)
    {
        var (code, output, error) = Rk.Call(arguments);
        Assert.True(code == 0, error);
        return output;
    }

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];
}
