# Installs @NAME@ @VERSION@ on Windows: downloads the archive for this machine, the list of digests and its signature, verifies them with
# ssh-keygen (part of Windows 10 and newer) or minisign, and only then unpacks the program.
#
#   powershell -ExecutionPolicy Bypass -File install.ps1 [-To DIR] [-From URL|DIR]
param(
    [string]$To = $(if ($env:CARGO_HOME) { Join-Path $env:CARGO_HOME 'bin' } else { Join-Path $HOME '.cargo\bin' }),
    [string]$From = '@URL@'
)
$ErrorActionPreference = 'Stop'

$name = '@NAME@'
$version = '@VERSION@'
$sshKey = '@SSH_KEY@'
$minisignKey = '@MINISIGN_KEY@'

# A program for one processor runs on the other only by emulation, which Windows on Arm has for x86-64.
$target = switch ($env:PROCESSOR_ARCHITECTURE) {
    'AMD64' { 'x86_64-pc-windows-gnu' }
    'ARM64' { 'aarch64-pc-windows-gnullvm' }
    default { throw "there is no program for $($env:PROCESSOR_ARCHITECTURE); build it with cargo install" }
}
$folder = "$name-$version-$target"
$archive = "$folder.zip"
$work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
New-Item -ItemType Directory -Path $work | Out-Null

function Get-ReleaseFile([string]$file) {
    $path = Join-Path $work $file
    if ($From -like 'https://*') {
        [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
        Invoke-WebRequest -UseBasicParsing -Uri "$From/$file" -OutFile $path
    } elseif ($From -like '*://*') {
        throw "only https:// is downloaded, not $From"
    } else {
        Copy-Item (Join-Path $From $file) $path
    }
    return $path
}

try {
    $list = Get-ReleaseFile 'checksums.txt'
    if (Get-Command ssh-keygen -ErrorAction SilentlyContinue) {
        $signature = Get-ReleaseFile 'checksums.txt.sshsig'
        $signers = Join-Path $work 'allowed_signers'
        [IO.File]::WriteAllText($signers, "maintainer namespaces=`"release@$name`" $sshKey`n")
        # PowerShell changes the bytes of a pipe; cmd does not.
        cmd /c "ssh-keygen -Y verify -f `"$signers`" -I maintainer -n release@$name -s `"$signature`" < `"$list`""
        if ($LASTEXITCODE -ne 0) { throw 'ssh-keygen does not accept the signature of checksums.txt' }
    } elseif (Get-Command minisign -ErrorAction SilentlyContinue) {
        $signature = Get-ReleaseFile 'checksums.txt.sig'
        minisign -Vq -P $minisignKey -m $list -x $signature
        if ($LASTEXITCODE -ne 0) { throw 'minisign does not accept the signature of checksums.txt' }
    } else {
        throw 'nothing here verifies signatures: install the OpenSSH client (a feature of Windows) or minisign'
    }

    $file = Get-ReleaseFile $archive
    $lines = @(Get-Content $list | Where-Object { $_ -match "^([0-9a-f]{64})  $([regex]::Escape($archive))$" })
    if ($lines.Count -ne 1) { throw "the signed list does not name $archive" }
    $found = (Get-FileHash -Algorithm SHA256 $file).Hash.ToLowerInvariant()
    if ($lines[0].Substring(0, 64) -ne $found) { throw "$archive is not the file that was signed" }

    Expand-Archive -Path $file -DestinationPath $work
    New-Item -ItemType Directory -Force -Path $To | Out-Null
    Copy-Item -Force (Join-Path $work "$folder\$name.exe") (Join-Path $To "$name.exe")
    Write-Output "installed $name $version as $(Join-Path $To "$name.exe")"
} finally {
    Remove-Item -Recurse -Force $work
}
