# As Oracle's provider does it: svcprop says whether it is so, setprop makes it so, and a refresh of its own follows.
Puppet::Type.type(:svccfg).provide(:svccfg) do
  desc 'svccfg and svcprop of the simulated node in LAB_SIM.'
  commands svccfg: "#{ENV['LAB_SIM'] || '/usr/sbin'}/svccfg", svcprop: "#{ENV['LAB_SIM'] || '/usr/bin'}/svcprop"

  def exists?
    svcprop('-p', resource[:property], resource[:fmri]).strip == resource[:value]
  rescue Puppet::ExecutionFailure
    false
  end

  def create
    svccfg('-s', resource[:fmri], 'setprop', resource[:property], '=', "#{resource[:type]}:", "\"#{resource[:value]}\"")
    svccfg('-s', resource[:fmri], 'refresh')
  end
end
