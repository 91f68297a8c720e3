using System.Text.RegularExpressions;
using FsCheck.Xunit;
using ResearchKit.Evaluation.Suite;

namespace ResearchKit.Evaluation.Tests.Suite;

/// <summary>Nothing in the suite's test splits occurs in generated pre-training documents.</summary>
public sealed partial class SuiteLeakTests
{
    private static readonly Lazy<HashSet<string>> TestInputs = new(() =>
    [
        // Scrambled words are left out: no document has that task, and "pillow" with its two inner letters shuffled is a word.
        .. from name in GeneratedSuite.Names.Where(n => !n.Contains("_word", StringComparison.Ordinal))
           from item in GeneratedSuiteTests.SplitsOf(name).Test
           select string.Join(", so ", Ordered(item)),
    ]);

    private static readonly Lazy<HashSet<string>> TestLines = new(() =>
        [.. from task in GeneratedSuite.All from item in GeneratedSuiteTests.SplitsOf(task.Name).Test select GeneratedSuiteTests.Render(task, item).Trim()]);

    [Fact]
    public void NoTestLineAndNoTestInputOccursInThirtyThousandDocuments()
    {
        var inputs = 0;
        foreach (var document in PretrainingDocumentsTests.Sample())
        {
            foreach (var line in document.Text.Split('\n')) Assert.DoesNotContain(line.Trim(), TestLines.Value);
            foreach (var input in InputsOf(document))
            {
                Assert.DoesNotContain(input, TestInputs.Value);
                inputs++;
            }
        }

        Assert.True(inputs > 300_000, $"only {inputs} inputs were recognised: the test looks at too little");
    }

    [Property(MaxTest = 300)]
    public bool NoTestInputOccursInAnyDocument(long seed, ushort index) =>
        !InputsOf(PretrainingDocuments.Generate(seed, index * 3L)).Any(TestInputs.Value.Contains);

    [Fact]
    public void TrainingItemsDoOccurSoTheRecognitionWorks()
    {
        var train = GeneratedSuite.Names.SelectMany(n => GeneratedSuiteTests.SplitsOf(n).Train).Select(i => string.Join(", so ", Ordered(i))).ToHashSet();
        Assert.True(PretrainingDocumentsTests.Sample(5000).SelectMany(InputsOf).Count(train.Contains) > 1000);
    }

    [Fact]
    public void HeldOutFunctionsLabelsAndCategoriesOccurInNoDocument()
    {
        var heldOut = WordList.Categories.Where(c => c.IsHeldOut).SelectMany(c => c.Words).Concat(SuitePrompts.HeldOutLabels).ToHashSet();
        foreach (var document in PretrainingDocumentsTests.Sample().Where(d => d.Family != "facts"))
            foreach (var input in InputsOf(document)) Assert.DoesNotContain(input.Split(' ')[^1], heldOut);
        foreach (var document in PretrainingDocumentsTests.Sample(10_000).Where(d => d.Family == "sequence-function"))
        {
            var pairs = LetterLine().Matches(document.Text).Select(m => (Input: m.Groups[1].Value, Answer: m.Groups[2].Value)).ToArray();
            foreach (var function in SuiteFunctions.Sequence.Where(f => f.IsHeldOut))
                Assert.False(pairs.Length >= 4 && pairs.All(p => function.Answer(p.Input) == p.Answer), $"{function.Name}: {document.Text}");
        }
    }

    private static IEnumerable<string> Ordered(ResearchKit.Evaluation.Tasks.TaskItem item) =>
        item.Fields.OrderByDescending(f => f.Key, StringComparer.Ordinal).Select(f => f.Value);       // premise before hypothesis

    private static IEnumerable<string> InputsOf(GeneratedDocument document) =>
        document.Family is "facts" or "pattern" ? [] : LineInput().Matches(document.Text).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"^(?: |Input: |Q: What is |Q: |The word is |Review: )(\S.*?)(?: ->| =|:| Output:| A:|\. The answer|\?$|\. Sentiment)", RegexOptions.Multiline)]
    private static partial Regex LineInput();

    [GeneratedRegex(@"^(?: |Input: |Q: )((?:[a-z] )+[a-z])(?: ->| =|:| Output:| A:) ((?:[a-z] ?)+)$", RegexOptions.Multiline)]
    private static partial Regex LetterLine();
}
