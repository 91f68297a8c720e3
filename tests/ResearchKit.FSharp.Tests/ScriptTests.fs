namespace ResearchKit.FSharp.Tests

open System
open System.Diagnostics
open System.IO
open Xunit

/// F# scripts with the kit, run by the SDK's own F# Interactive.
type ScriptTests() =

    let root =
        let rec above (folder: string) =
            if File.Exists(Path.Combine(folder, "ResearchKit.sln")) then folder else above (nonNull (Path.GetDirectoryName folder))

        above AppContext.BaseDirectory

    [<Fact>]
    member _.``the shipped script runs with its one line on the built output``() =
        let path = Path.Combine(root, "notebooks", "first-steps.fsx")
        let directives = File.ReadAllLines path |> Array.filter (fun line -> line.StartsWith '#')
        Assert.Equal<string array>([| "#load \"../src/ResearchKit.FSharp/bin/Release/net10.0/ResearchKit.fsx\"" |], directives)

        // The same script on this configuration's output, which beside a Debug test is Debug.
        let configuration = DirectoryInfo(AppContext.BaseDirectory).Parent |> nonNull |> _.Name
        let script = Path.Combine(root, "notebooks", $"first-steps.tmp-{Guid.NewGuid():N}.fsx")

        try
            File.WriteAllText(script, (File.ReadAllText path).Replace("/bin/Release/", $"/bin/{configuration}/"))
            let start = ProcessStartInfo("dotnet", [ "fsi"; script ], RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = root)
            start.Environment["OMP_NUM_THREADS"] <- "1"
            use fsi = Process.Start start |> nonNull
            let complaints = fsi.StandardError.ReadToEndAsync()
            let output = fsi.StandardOutput.ReadToEnd()
            Assert.True(fsi.WaitForExit(TimeSpan.FromMinutes 3.0), "the script did not end within 3 minutes")
            Assert.True((fsi.ExitCode = 0), complaints.Result + output)

            for shown in [ "124,439,808 parameters"; "capitals: accuracy"; "Laws: Ok ()"; "\"name\": \"two-ways\"" ] do
                Assert.Contains(shown, output)
        finally
            File.Delete script
