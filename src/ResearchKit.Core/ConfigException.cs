namespace ResearchKit.Core;

/// <summary>A file or value that a person can mend: says what, where, the value, what is allowed, and what to do next. Programs print the message and exit with 2.</summary>
public class ConfigException : Exception
{
    /// <summary>One problem.</summary>
    public ConfigException(string message, Exception? inner = null) : base(message, inner) => Problems = [message];

    /// <summary>All problems of one file, reported together.</summary>
    /// <param name="source">File or object that has the problems.</param>
    /// <param name="problems">Sentences, each with its path.</param>
    public ConfigException(string source, IReadOnlyList<string> problems)
        : base($"{source}: {problems.Count} problem{(problems.Count == 1 ? "" : "s")}\n  " + string.Join("\n  ", problems)) => Problems = problems;

    /// <summary>The problems, at least one.</summary>
    public IReadOnlyList<string> Problems { get; }
}
