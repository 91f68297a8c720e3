using ResearchKit.Core;

namespace ResearchKit.Evaluation.Datasets;

/// <summary>The folder that holds the benchmark files, one subfolder per data set.</summary>
public sealed class DataFolder
{
    /// <summary>Environment variable that names the folder where no path is given.</summary>
    public const string Variable = "RESEARCHKIT_DATA";

    private DataFolder(string path) => Path = path;

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Finds the folder: the given path, or else the environment variable.</summary>
    /// <param name="explicitPath">Path from the command line or an experiment file; null or empty asks the environment.</param>
    /// <exception cref="ConfigException">Neither is given, or the folder does not exist.</exception>
    public static DataFolder Resolve(string? explicitPath)
    {
        var (path, origin) = string.IsNullOrEmpty(explicitPath)
            ? (Environment.GetEnvironmentVariable(Variable), Variable)
            : (explicitPath, "the given path");
        if (string.IsNullOrEmpty(path))
        {
            throw new ConfigException($"real data sets need a data folder: set {Variable} or give its path; `rk data pull NAME` fills it with the files that can be downloaded");
        }

        return Directory.Exists(path)
            ? new DataFolder(System.IO.Path.GetFullPath(path))
            : throw new ConfigException($"the data folder '{path}' (from {origin}) does not exist; create it, or point {Variable} to an existing one");
    }

    /// <summary>Finds the folder as <see cref="Resolve"/> does; null where there is none.</summary>
    public static DataFolder? Find(string? explicitPath)
    {
        var path = string.IsNullOrEmpty(explicitPath) ? Environment.GetEnvironmentVariable(Variable) : explicitPath;
        return !string.IsNullOrEmpty(path) && Directory.Exists(path) ? new DataFolder(System.IO.Path.GetFullPath(path)) : null;
    }

    /// <summary>Full path of a file of the catalogue.</summary>
    /// <param name="file">Path with forward slashes, relative to the folder, such as <c>rte/val.jsonl</c>.</param>
    public string PathOf(string file) => System.IO.Path.Combine([Path, .. file.Split('/')]);
}
