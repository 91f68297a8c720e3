using System.Text.RegularExpressions;
using ResearchKit.Core;

namespace ResearchKit.Models.Hub;

/// <summary>The cache folder that Hugging Face's tools share: <c>models--owner--name</c> with <c>blobs</c>, <c>refs</c> and <c>snapshots</c>. Models that other tools fetched are found in it.</summary>
/// <remarks>It stands in <c>HF_HUB_CACHE</c>, else in <c>hub</c> of <c>HF_HOME</c>, else in <c>huggingface/hub</c> of <c>XDG_CACHE_HOME</c> or <c>~/.cache</c>.</remarks>
public sealed partial class HubCache
{
    /// <summary>Short names of models that moved to their owners' names on the hub.</summary>
    private static readonly Dictionary<string, string> Moved = new(StringComparer.Ordinal)
    {
        ["gpt2"] = "openai-community/gpt2", ["gpt2-medium"] = "openai-community/gpt2-medium", ["gpt2-large"] = "openai-community/gpt2-large",
        ["gpt2-xl"] = "openai-community/gpt2-xl", ["openai-gpt"] = "openai-community/openai-gpt", ["distilgpt2"] = "distilbert/distilgpt2",
    };

    /// <summary>Opens a cache; the folder need not exist.</summary>
    /// <param name="folder">Folder; null takes the one that the environment names.</param>
    public HubCache(string? folder = null) => Folder = Path.GetFullPath(string.IsNullOrEmpty(folder) ? DefaultFolder() : folder);

    /// <summary>Folder of the cache.</summary>
    public string Folder { get; }

    /// <summary>The repository that a name means: <c>gpt2</c> is <c>openai-community/gpt2</c>; other names are themselves.</summary>
    /// <param name="name">Such as <c>gpt2</c> or <c>EleutherAI/gpt-neo-125m</c>.</param>
    /// <exception cref="ConfigException">Not a name of a repository.</exception>
    public static string RepositoryOf(string name) => !IsName(name)
        ? throw new ConfigException($"\"{name}\" is not the name of a model on a hub: it must be name or owner/name of letters, digits, '-', '_' and '.'.")
        : Moved.GetValueOrDefault(name, name);

    /// <summary>Whether a text can be the name of a repository.</summary>
    public static bool IsName(string name) => name.Length <= 200 && Name().IsMatch(name) && !name.Contains("..", StringComparison.Ordinal) && !name.Contains("--", StringComparison.Ordinal);

    /// <summary>Folder of a repository in the cache.</summary>
    public string RepositoryFolder(string repository) => Path.Combine(Folder, "models--" + repository.Replace("/", "--", StringComparison.Ordinal));

    /// <summary>The folder of files of a model, fetched by whatever tool; null where there is none with a configuration.</summary>
    /// <param name="name">Name of the model.</param>
    /// <param name="revision">Branch, tag or commit. Default main.</param>
    public string? Find(string name, string revision = "main")
    {
        if (!IsName(name) || !IsRevision(revision)) return null;
        // Older tools kept a moved model under its short name.
        return new[] { RepositoryOf(name), name }.Distinct().Select(repository => Snapshot(RepositoryFolder(repository), revision)).FirstOrDefault(folder => folder is not null);
    }

    /// <summary>Name of the model whose snapshot a folder is, without its owner; null where the folder is no snapshot.</summary>
    public static string? NameOf(string folder)
    {
        var snapshots = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var repository = Path.GetFileName(Path.GetDirectoryName(snapshots));
        return Path.GetFileName(snapshots) == "snapshots" && repository?.StartsWith("models--", StringComparison.Ordinal) == true ? repository.Split("--")[^1] : null;
    }

    internal static bool IsRevision(string revision) => revision.Length <= 200 && Revision().IsMatch(revision) && !revision.Contains("..", StringComparison.Ordinal);

    internal static bool IsCommit(string text) => Commit().IsMatch(text);

    private static string? Snapshot(string repository, string revision)
    {
        var reference = Path.Combine([repository, "refs", .. revision.Split('/')]);
        var commit = File.Exists(reference) ? File.ReadAllText(reference).Trim() : revision;
        if (!IsCommit(commit)) return null;
        var folder = Path.Combine(repository, "snapshots", commit);
        return File.Exists(Path.Combine(folder, "config.json")) ? folder : null;
    }

    private static string DefaultFolder() => Variable("HF_HUB_CACHE") ?? Variable("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(HomeFolder(), "hub");

    /// <summary>Folder of the ecosystem's own files.</summary>
    internal static string HomeFolder() =>
        Variable("HF_HOME") ?? Path.Combine(Variable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "huggingface");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$")]
    private static partial Regex Name();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    private static partial Regex Revision();

    [GeneratedRegex("^[0-9a-f]{40}$")]
    private static partial Regex Commit();
}
