using System.Diagnostics;
using ResearchKit.Core;

namespace ResearchKit.Cli;

/// <summary>Finds, builds and starts rk-kernel, the program behind <c>rk notebook</c>.</summary>
internal static class KernelProgram
{
    private const string Name = "rk-kernel.dll";

    /// <summary>The newest kernel at hand: beside rk, compiled ahead of time, or built. Built now where the source is there and no kernel is, or an older one.</summary>
    /// <exception cref="ConfigException">There is neither a kernel nor its source.</exception>
    public static string Find()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, Name);
        if (File.Exists(beside)) return beside;
        var root = Root() ?? throw new ConfigException($"{Name} stands neither beside rk ({AppContext.BaseDirectory}) nor is rk run from a checkout. Run rk from a checkout of ResearchKit, or publish src/ResearchKit.Kernel beside it.");
        var built = Path.Combine(root, "src", "ResearchKit.Kernel", "bin", "Release", "net10.0", Name);
        var newest = new[] { Compiled(root), Uncompiled(root), built }.Where(File.Exists).OrderByDescending(BuildTime).FirstOrDefault();
        if (newest is not null && BuildTime(newest) >= SourceTime(root)) return newest;
        Console.Error.WriteLine(newest is null ? "Building the notebook kernel (once, about a minute)…" : "Building the notebook kernel again, since its source has changed…");
        if (DotNet(root, "build", "src/ResearchKit.Kernel", "-c", "Release", "-v", "q", "-nologo") != 0) throw new ConfigException("The notebook kernel could not be built; the messages above say why.");
        return built;
    }

    /// <summary>Puts the kernel into a folder of its own below artifacts, so that a build does not touch the files of a kernel that runs.</summary>
    /// <param name="aheadOfTime">Whether to compile it ahead of time, which takes minutes and halves the time to the first result.</param>
    /// <param name="cancellation">Gives up between the steps.</param>
    /// <returns>The kernel; one that is not compiled ahead of time, with a note on standard error, where the compiler can't be had.</returns>
    public static string Install(bool aheadOfTime, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (Root() is not { } root) return Find();
        if (aheadOfTime && Publish(root, Compiled(root), "-p:PublishReadyToRun=true", "--use-current-runtime", "--self-contained", "false") is { } compiled) return compiled;
        cancellation.ThrowIfCancellationRequested();
        if (aheadOfTime) Console.Error.WriteLine("note: it could not be compiled ahead of time (see above; without a network the compiler package is missing). The kernel is installed as built: everything works, first cells take longer.");
        return Publish(root, Uncompiled(root)) ?? throw new ConfigException("The notebook kernel could not be built; the messages above say why.");
    }

    private static string? Publish(string root, string target, params string[] options)
    {
        if (File.Exists(target) && BuildTime(target) >= SourceTime(root)) return target;
        Console.Error.WriteLine(options.Length > 0 ? "Compiling the notebook kernel ahead of time (a minute or more)…" : "Building the notebook kernel…");
        // Into a folder that takes the old one's place at the end: files that a running kernel has mapped are never written to.
        var folder = Path.GetDirectoryName(target)!;
        var (fresh, old) = ($"{folder}.new-{Environment.ProcessId}", $"{folder}.old-{Environment.ProcessId}");
        try
        {
            if (DotNet(root, ["publish", "src/ResearchKit.Kernel", "-c", "Release", .. options, "-o", fresh, "-v", "q", "-nologo"]) != 0 || !File.Exists(Path.Combine(fresh, Name))) return null;
            TakeOwnCopies(fresh);
            File.WriteAllText(BuildStamp(Path.Combine(fresh, Name)), "");
            if (Directory.Exists(folder)) Directory.Move(folder, old);
            Directory.Move(fresh, folder);
            return target;
        }
        finally
        {
            foreach (var left in new[] { fresh, old }.Where(Directory.Exists)) Directory.Delete(left, recursive: true);
        }
    }

    /// <summary>Makes assemblies of a folder files of their own. A publish hard-links them to build outputs, which the next build writes to in place, and a process that has them mapped would crash.
    /// Native libraries stay links, half a gigabyte: they are linked to the package cache, which no build writes to.</summary>
    internal static void TakeOwnCopies(string folder)
    {
        foreach (var file in Directory.GetFiles(folder, "*.dll"))
        {
            File.Copy(file, file + ".own");
            File.Move(file + ".own", file, overwrite: true);
        }
    }

    /// <summary>Runs the kernel to its end; an interrupt reaches it as well as rk, and it ends by itself.</summary>
    public static async Task<int> Start(string kernel, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", kernel, .. arguments]))
            ?? throw new ConfigException("`dotnet` could not be started; it must be on the PATH.");
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The terminal has sent the interrupt to it too; it writes what has run and leaves.
            if (!process.WaitForExit(TimeSpan.FromSeconds(20))) process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode;
    }

    // The time of the assembly itself says nothing: a build that finds it unchanged leaves it as it is.
    private static DateTime BuildTime(string kernel) => File.GetLastWriteTimeUtc(BuildStamp(kernel));

    /// <summary>An empty file beside the kernel; the last target of ResearchKit.Kernel.csproj touches it.</summary>
    private static string BuildStamp(string kernel) => Path.ChangeExtension(kernel, ".built");

    private static string Compiled(string root) => Path.Combine(root, "artifacts", "kernel", Name);

    private static string Uncompiled(string root) => Path.Combine(root, "artifacts", "kernel-uncompiled", Name);

    private static string? Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ResearchKit.sln"))) return folder.FullName;
        }

        return null;
    }

    // Only sources that the kernel is built from; of generated folders there are thousands of files.
    private static DateTime SourceTime(string root) => new DirectoryInfo(Path.Combine(root, "src")).EnumerateDirectories()
        .Where(project => project.Name is not ("ResearchKit.Cli" or "ResearchKit.Benchmarking"))
        .SelectMany(project => project.EnumerateFiles().Concat(project.EnumerateDirectories().Where(folder => folder.Name is not ("bin" or "obj")).SelectMany(folder => folder.EnumerateFiles("*", SearchOption.AllDirectories))))
        .Append(new FileInfo(Path.Combine(root, "Directory.Packages.props"))).Max(file => file.LastWriteTimeUtc);

    private static int DotNet(string root, params string[] arguments)
    {
        // Builds print to standard output, which belongs to the verb's own answer.
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = root, RedirectStandardOutput = true }) ?? throw new ConfigException("`dotnet` could not be started; it must be on the PATH.");
        process.OutputDataReceived += (_, line) =>
        {
            if (!string.IsNullOrWhiteSpace(line.Data)) Console.Error.WriteLine(line.Data);
        };
        process.BeginOutputReadLine();
        process.WaitForExit();
        return process.ExitCode;
    }
}
