// What Python asks about memories and parts that are Renode's own.
using System;
using System.Collections.Generic;
using System.Linq;

using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.Miscellaneous;

namespace Antmicro.Renode.Peripherals.Wattbench
{
    public static class Parts
    {
        // A snapshot names these types by their assembly, which .NET would look for beside Renode.
        public static void Announce()
        {
            var own = typeof(Parts).Assembly;
            AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) => wanted.Name == own.FullName ? own : null;
        }

        // Changes with each load; asking is cheap.
        public static int Count(IMachine machine) =>
            machine.GetPeripheralsOfType<IPeripheral>().Count() + PythonModel.Made.Count;

        // Empty for an endpoint that is no LED.
        public static string NameOfLed(IMachine machine, GPIOEndpoint endpoint) =>
            endpoint.Receiver is LED led ? machine.GetLocalName(led) : "";

        public static bool IsLit(GPIOEndpoint endpoint) => ((LED)endpoint.Receiver).State;

        public static string[] Buttons(IMachine machine) =>
            machine.GetPeripheralsOfType<Button>().Select(x => machine.GetLocalName(x)).ToArray();

        public static Button Button(IMachine machine, string name) =>
            machine.GetPeripheralsOfType<Button>().First(x => machine.GetLocalName(x) == name);

        public static bool IsCore(PythonModel model, string reference) => model.Reference(reference) is ICPU;

        public static void Halt(PythonModel model, string reference) => ((ICPU)model.Reference(reference)).IsHalted = true;

        // Whether only one bus master sees what is registered there. The name of the property has changed with Renode.
        public static bool IsLocal(BusRangeRegistration point)
        {
            var type = point.GetType();
            return (type.GetProperty("Initiator") ?? type.GetProperty("CPU"))?.GetValue(point) != null;
        }

        // Bus address, host address and size of each piece of memory, as bus masters see it that are no core.
        public static long[][] Segments(IMachine machine)
        {
            var result = new List<long[]>();
            foreach(var memory in machine.GetPeripheralsOfType<IMapped>())
            {
                foreach(var point in machine.SystemBus.GetRegistrationPoints(memory).OfType<BusRangeRegistration>()
                    .Where(x => !IsLocal(x)))
                {
                    foreach(var segment in memory.MappedSegments)
                    {
                        segment.Touch();
                        result.Add(new[] { (long)(point.Range.StartAddress + segment.StartingOffset),
                            segment.Pointer.ToInt64(), (long)segment.Size });
                    }
                }
            }
            return result.ToArray();
        }
    }
}
