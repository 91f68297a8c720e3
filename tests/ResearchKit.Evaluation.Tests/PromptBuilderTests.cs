using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Evaluation.Tasks;
using static ResearchKit.Evaluation.Tests.Examples;

namespace ResearchKit.Evaluation.Tests;

public class PromptBuilderTests
{
    private static readonly TaskSplits Splits = new(
        [.. Enumerable.Range(0, 30).Select(i => Choice($"train/{i}", $"t{i}", i % 2, "a", "b"))], [],
        [.. Enumerable.Range(0, 10).Select(i => Choice($"test/{i}", $"x{i}", i % 2, "a", "b"))]);

    private static PromptBuilder Builder(EvaluationOptions? options = null, EvaluationTask? task = null, TaskSplits? splits = null) =>
        new(task ?? Task(new ChoiceScoring()), splits ?? Splits, options ?? new EvaluationOptions());

    [Fact]
    public void APromptIsInstructionDemonstrationsAndItem()
    {
        var task = Task(new ChoiceScoring()) with { Prompt = new PromptTemplate("Q: {q}?", " A: {answer}.", "\n--\n", "Answer!\n") };
        var splits = new TaskSplits([Choice("t", "demo", 1, "a", "b")], [], [Choice("x", "item", 0, "c", "d")]);
        var prompt = Builder(task: task, splits: splits).Build(splits.Test[0], 1);
        Assert.Equal("Answer!\nQ: demo? A: b.\n--\nQ: item?", prompt.Contexts[0]);
        Assert.Equal([" A: c.", " A: d."], prompt.Continuations);
        Assert.Equal(["t"], prompt.DemonstrationIds);
        Assert.Equal("Answer!\nQ: item?", Builder(task: task, splits: splits).Build(splits.Test[0], 0).Contexts[0]);
    }

    [Property]
    public void SmallerDrawsBeginLargerOnes(long seed, byte a, byte b)
    {
        var (few, many) = (Math.Min(a % 30, b % 30), Math.Max(a % 30, b % 30));
        var builder = Builder(new EvaluationOptions { Seed = seed });
        Assert.Equal(builder.Demonstrations(Splits.Test[0], few), builder.Demonstrations(Splits.Test[0], many).Take(few));
    }

    [Property]
    public void DrawsAreDifferentItemsAndNeverTheItemItself(long seed, byte which, byte count)
    {
        var item = Splits.Train[which % 30];
        var builder = Builder(new EvaluationOptions { Seed = seed });
        var ids = builder.Demonstrations(item, count % 30).Select(d => d.Id).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.DoesNotContain(item.Id, ids);
    }

    [Fact]
    public void AnItemWithTheSameTextsIsNoDemonstration()
    {
        var splits = new TaskSplits([Choice("train/0", "x", 1, "a", "b"), Choice("train/1", "y", 1, "a", "b")], [], [Choice("test/0", "x", 0, "a", "b")]);
        for (var seed = 0; seed < 20; seed++)
        {
            Assert.Equal("train/1", Builder(new EvaluationOptions { Seed = seed }, splits: splits).Demonstrations(splits.Test[0], 1)[0].Id);
        }

        var error = Assert.Throws<ConfigException>(() => Builder(splits: splits).Demonstrations(splits.Test[0], 2));
        Assert.Contains("holds 1 other than item test/0", error.Message);
    }

    [Fact]
    public void AColumnThatIsNotShownDoesNotHideThatTheTextsAreTheSame()
    {
        static TaskItem Numbered(string id, string text, string number)
        {
            var item = Choice(id, text, 1, "a", "b");
            return item with { Fields = new Dictionary<string, string>(item.Fields) { ["number"] = number } };
        }

        var splits = new TaskSplits([Numbered("train/0", "x", "1"), Numbered("train/1", "y", "2")], [], [Numbered("test/0", "x", "77")]);
        for (var seed = 0; seed < 20; seed++)
        {
            Assert.Equal("train/1", Builder(new EvaluationOptions { Seed = seed }, splits: splits).Demonstrations(splits.Test[0], 1)[0].Id);
        }
    }

    [Fact]
    public void PerItemDrawsDifferBetweenItemsAndAFixedSetDoesNot()
    {
        var fresh = Splits.Test.Select(item => string.Join(',', Builder().Build(item, 3).DemonstrationIds)).Distinct().Count();
        Assert.True(fresh > 5);
        var task = Task(new ChoiceScoring()) with { Demonstrations = new DemonstrationSource(PerItem: false) };
        Assert.Single(Splits.Test.Select(item => string.Join(',', Builder(task: task).Build(item, 3).DemonstrationIds)).Distinct());
    }

    [Fact]
    public void ADrawDoesNotDependOnTheOtherItems()
    {
        var alone = Splits with { Test = [Splits.Test[4]] };
        Assert.Equal(Builder().Demonstrations(Splits.Test[4], 5), Builder(splits: alone).Demonstrations(Splits.Test[4], 5));
    }

    [Fact]
    public void EveryExampleOfThePoolIsDrawnAboutEquallyOften()
    {
        var counts = new int[30];
        for (var seed = 0; seed < 3000; seed++)
        {
            foreach (var demonstration in Builder(new EvaluationOptions { Seed = seed }).Demonstrations(Splits.Test[0], 2))
            {
                counts[int.Parse(demonstration.Id["train/".Length..])]++;
            }
        }

        Assert.All(counts, count => Assert.InRange(count, 130, 270));          // 200 expected, standard deviation 14
    }

    [Fact]
    public void OverThePublishedSetHeldBackItemsAreScoredAndNeverShareACluster()
    {
        TaskItem Item(int i) => Choice($"set/{i}", $"text {i}", 0, "a", "b") with { Cluster = $"passage/{i / 2}" };
        var splits = new TaskSplits([.. Enumerable.Range(0, 6).Select(Item)], [], [.. Enumerable.Range(6, 4).Select(Item)]);
        var apart = Task(new ChoiceScoring()) with { Load = () => splits, HoldsBackTraining = true };
        var whole = apart.OverPublishedSet().Load();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"set/{i}"), whole.Test.Select(item => item.Id));
        Assert.Same(splits, (apart with { HoldsBackTraining = false }).OverPublishedSet().Load());
        for (var i = 0; i < 10; i++)
        {
            // Four of the six: all but the item's own passage, where it is one of the pool's.
            var shown = Builder(task: apart, splits: whole).Demonstrations(whole.Test[i], 4);
            Assert.DoesNotContain(shown, other => other.Cluster == whole.Test[i].Cluster);
        }
    }

    [Fact]
    public void AnOrderSeedPermutesTheSameDemonstrations()
    {
        var plain = Builder().Build(Splits.Test[0], 6).DemonstrationIds;
        var permuted = Enumerable.Range(0, 5).Select(order => Builder(new EvaluationOptions { OrderSeed = order }).Build(Splits.Test[0], 6).DemonstrationIds).ToArray();
        Assert.All(permuted, ids => Assert.Equal(plain.Order(), ids.Order()));
        Assert.Contains(permuted, ids => !ids.SequenceEqual(plain));
    }

    [Fact]
    public void DemonstrationsMayBeWordedDifferently()
    {
        var task = Task(new TargetScoring()) with { Prompt = new PromptTemplate("{q}:", " {answer}", "\n") { DemonstrationAnswer = "  {answer}!", DemonstrationContext = "<{q}>" } };
        var splits = new TaskSplits([Free("t", "demo", "yes", "yeah")], [], [Free("x", "item", "no")]);
        var prompt = Builder(task: task, splits: splits).Build(splits.Test[0], 1);
        Assert.Equal("<demo>  yes!\nitem:", prompt.Contexts[0]);
        Assert.Equal([" no"], prompt.Continuations);
    }

    [Fact]
    public void PartialDemonstrationsShowTheRightChoiceInPlace()
    {
        var task = Task(new PartialScoring()) with { Prompt = new PromptTemplate("{answer} was", " {q}", "\n") };
        var splits = new TaskSplits([Choice("t", "late", 1, "Tree", "Train")], [], [Choice("x", "big", 0, "Ox", "Ant")]);
        Assert.Equal(["Train was late\nOx was", "Train was late\nAnt was"], Builder(task: task, splits: splits).Build(splits.Test[0], 1).Contexts);
    }

    [Theory]
    [InlineData("{q", "never closed")]
    [InlineData("q}", "never opened")]
    [InlineData("{}", "empty name")]
    public void ABrokenTemplateIsRefused(string template, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigException>(() => TextTemplate.Parse(template)).Message);

    [Fact]
    public void DoubledBracesAreBracesAndFieldsAreNotParsedAgain()
    {
        var fields = new Dictionary<string, string> { ["q"] = "{not a field}" };
        Assert.Equal("{q} = {not a field}", TextTemplate.Parse("{{q}} = {q}").Render(fields, null, "1"));
    }

    [Fact]
    public void AMissingFieldIsNamedWithTheFieldsThereAre()
    {
        var error = Assert.Throws<ConfigException>(() => Builder(task: Task(new ChoiceScoring(), "{premise}")).Build(Splits.Test[0], 0));
        Assert.Contains("no field `premise`", error.Message);
        Assert.Contains("its fields are q", error.Message);
    }
}
