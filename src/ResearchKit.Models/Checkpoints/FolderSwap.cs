using System.Diagnostics;
using System.Globalization;
using ResearchKit.Core;

namespace ResearchKit.Models.Checkpoints;

/// <summary>Replaces a folder as a whole. At every moment the old or the new one is on the disk, complete.</summary>
/// <remarks>Two folders cannot be exchanged in one step everywhere, so for an instant the old one lies beside its place; <see cref="Recover"/> puts it back after a crash.</remarks>
internal static class FolderSwap
{
    /// <param name="folder">Target.</param>
    /// <param name="replaceable">Files that an existing target may hold.</param>
    /// <param name="write">Fills the folder that it is given.</param>
    /// <exception cref="ConfigException">The target holds something else, or cannot be written; it is then unchanged.</exception>
    public static void Replace(string folder, IReadOnlySet<string> replaceable, Action<string> write)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetDirectoryName(target) is not { } parent) throw new ConfigException($"{folder}: a model cannot be saved as the root folder.");
        var temporary = Path.Combine(parent, TemporaryPrefix(target) + Environment.ProcessId);
        try
        {
            Recover(folder);
            RequireReplaceable(target, replaceable);
            Directory.CreateDirectory(parent);
            Delete(temporary);
            DeleteAbandoned(target);
            Directory.CreateDirectory(temporary);
            try
            {
                write(temporary);
                var previous = Previous(target);
                Delete(previous);
                if (Directory.Exists(target)) Directory.Move(target, previous);
                Directory.Move(temporary, target);
                Delete(previous);
            }
            catch
            {
                Recover(folder);
                Delete(temporary);
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConfigException($"{folder}: cannot be written ({e.Message}). Check that the place may be written to and that the disk has room; what was there is unchanged.", e);
        }
    }

    /// <summary>Undoes a replacement that was cut off between its two renames.</summary>
    public static void Recover(string folder)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetDirectoryName(target) is null || Path.Exists(target) || !Directory.Exists(Previous(target))) return;
        try
        {
            Directory.Move(Previous(target), target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{folder}: a model saved here lies in {Previous(target)} and cannot be moved back ({e.Message}). Rename it by hand.", e);
        }
    }

    private static void RequireReplaceable(string target, IReadOnlySet<string> replaceable)
    {
        if (File.Exists(target)) throw new ConfigException($"{target}: is a file; a model is saved as a folder.");
        if (!Directory.Exists(target)) return;
        var foreign = Directory.EnumerateFileSystemEntries(target)
            .Where(entry => Directory.Exists(entry) || !replaceable.Contains(Path.GetFileName(entry))).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal).ToArray();
        if (foreign.Length > 0)
        {
            throw new ConfigException($"{target}: holds files that are not this kit's ({string.Join(", ", foreign.Take(8))}{(foreign.Length > 8 ? ", …" : "")}), and saving replaces the folder as a whole. Move them or choose another folder.");
        }
    }

    /// <summary>A process that was killed while writing leaves a partial model beside the target; nobody else will remove it.</summary>
    private static void DeleteAbandoned(string target)
    {
        foreach (var folder in Directory.GetDirectories(Path.GetDirectoryName(target)!, TemporaryPrefix(target) + "*"))
        {
            if (int.TryParse(Path.GetFileName(folder)[TemporaryPrefix(target).Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var id) && !IsRunning(id)) Delete(folder);
        }
    }

    private static bool IsRunning(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static string TemporaryPrefix(string target) => $".{Path.GetFileName(target)}.tmp-";

    private static string Previous(string target) => Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.previous");

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
