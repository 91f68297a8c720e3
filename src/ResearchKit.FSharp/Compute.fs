namespace ResearchKit.FSharp

open System.IO
open System.Runtime.InteropServices
open ResearchKit.Experiments
open ResearchKit.Models

/// Device and threads.
[<RequireQualifiedAccess>]
module Compute =

    // A script host looks for native libraries beside itself; loaded here by path, they are found by name afterwards.
    let private native =
        lazy
            (let file =
                if RuntimeInformation.IsOSPlatform OSPlatform.Windows then "LibTorchSharp.dll"
                elif RuntimeInformation.IsOSPlatform OSPlatform.OSX then "libLibTorchSharp.dylib"
                else "libLibTorchSharp.so"

             match Path.GetDirectoryName(typeof<Gpt>.Assembly.Location) with
             | null
             | "" -> ()
             | folder ->
                 let path = Path.Combine(folder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", file)
                 if File.Exists path then NativeLibrary.Load path |> ignore)

    let internal ready () = native.Force()

    /// Settles device (auto, cpu or cuda) and threads (0 for all cores) of everything that follows.
    let start (device: string) (threads: int) : Result<ComputeDevice, string list> =
        Problems.catch (fun () ->
            ready ()
            RunEnvironment.Start(device, threads))
