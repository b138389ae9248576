# Starts irisws with Windows, as a task without a window. Run as administrator.
$action = New-ScheduledTaskAction -Execute "C:\irisws\Scripts\irisws.exe" -Argument "serve"
$trigger = New-ScheduledTaskTrigger -AtStartup
$account = New-ScheduledTaskPrincipal -UserId "LOCALSERVICE" -LogonType ServiceAccount
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit (New-TimeSpan -Seconds 0) -RestartCount 3 -RestartInterval (New-TimeSpan -Minutes 1)
Register-ScheduledTask -TaskName "irisws" -Action $action -Trigger $trigger -Principal $account -Settings $settings
