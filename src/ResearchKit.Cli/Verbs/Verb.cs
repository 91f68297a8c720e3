using System.CommandLine;
using System.Text.Json;
using ResearchKit.Core.Configuration;

namespace ResearchKit.Cli.Verbs;

/// <summary>One verb of the command line: its options and what it calls. Verbs hold no logic of their own.</summary>
internal abstract class Verb
{
    /// <summary>All verbs, in the order of the help text.</summary>
    public static IEnumerable<Verb> All =>
    [
        new RunVerb(),
        new TrainVerb(),
        new FineTuneVerb(),
        new EvalVerb(),
        new GenerateVerb(),
        new DescribeVerb(),
        new ReportVerb(),
        new CompareVerb(),
        new PullVerb(),
        new VerifyVerb(),
        new DataVerb(),
        new TaskVerb(),
        new LogitsVerb(),
        new LogLikelihoodVerb(),
        new TokenizeVerb(),
        new DetokenizeVerb(),
        new BenchVerb(),
        new SchemaVerb(),
        new NotebookVerb(),
    ];

    /// <summary>Name, description with an example, options and action.</summary>
    public abstract Command Command();

    protected static Option<bool> Json() => new("--json") { Description = "Print the result as JSON on standard output; progress stays on standard error." };

    internal static Option<string> TaskOption() => new("--task")
    {
        Description = "Task name (rk task list shows all), or your own task's file, such as weather.json.",
        Required = true,
        HelpName = "NAME|FILE",
    };

    protected static Option<string[]> Set(string description = "Change one value of the file: --set training.steps=100. May be given several times.") => new("--set")
    {
        Description = description,
        AllowMultipleArgumentsPerToken = false,
        HelpName = "a.b=c",
    };

    /// <summary>A configuration with the changes of <c>--set</c>, checked like a file.</summary>
    /// <param name="value">The configuration.</param>
    /// <param name="source">What it is, for messages.</param>
    /// <param name="set">Assignments, such as <c>n_ctx=4096</c>.</param>
    protected static T Overridden<T>(T value, string source, string[]? set)
        where T : notnull => set is null or [] ? value : ConfigJson.Parse<T>(JsonSerializer.Serialize(value, ConfigJson.Options), source, set);

    protected static Option<string> Device() => new("--device")
    {
        Description = "auto (a CUDA card where there is one), cpu or cuda.",
        DefaultValueFactory = _ => "auto",
    };

    protected static Option<int> Threads() => new("--threads")
    {
        Description = "CPU threads; 0 takes all cores. On the CPU, the same seed and thread count give the same bits.",
        DefaultValueFactory = _ => 0,
    };

    protected static Option<bool> Int8(string use) => new("--int8") { Description = $"Round the matrices to 8 bits in groups of 64 {use}" };

    /// <summary>Threads of a verb whose file may name them.</summary>
    protected static Option<int> ThreadsOfFile() => new("--threads")
    {
        Description = "CPU threads; 0 takes the file's number, or all cores where it names none. On the CPU, the same seed and thread count give the same bits.",
        DefaultValueFactory = _ => 0,
    };

    protected static Option<string> ModelFolderOption() => new("--model")
    {
        Description = "Model folder (config.json and weights: the kit's own, Hugging Face's, or an OpenAI release), or the name of a pulled model (rk pull).",
        Required = true,
        HelpName = "DIR|NAME",
    };

    /// <summary>What a library says of a bad argument, without the name that the argument has in the code.</summary>
    internal static string Sentence(ArgumentException error) =>
        error.ParamName is null ? error.Message : error.Message.Split($" (Parameter '{error.ParamName}')", 2)[0];

    internal static void PrintJson<T>(T value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, ConfigJson.Options));
}
