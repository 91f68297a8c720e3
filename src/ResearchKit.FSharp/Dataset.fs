namespace ResearchKit.FSharp

open System.Net.Http
open ResearchKit.Evaluation.Datasets

/// Benchmarks of the papers: what is there, and how to get the rest.
[<RequireQualifiedAccess>]
module Dataset =

    /// Names of all data sets.
    let names: string list = [ for entry in DatasetCatalog.All -> entry.Name ]

    /// A data set by name: splits, files, sources, licences.
    let get (name: string) : Result<DatasetEntry, string list> = Problems.catch (fun () -> DatasetCatalog.Get name)

    /// What of every data set is in the data folder (RESEARCHKIT_DATA).
    let status () : DatasetStatus list = List.ofSeq (DatasetCatalog.Status(DataFolder.Find null))

    /// Downloads what is missing of a data set into a folder, checked against the catalogue. Show entry.LicenceNotice first.
    let pull (folder: string) (entry: DatasetEntry) : Result<PullResult, string list> =
        Problems.catch (fun () ->
            use client = new HttpClient()
            DataPull(client).PullAsync(entry, folder).GetAwaiter().GetResult())
