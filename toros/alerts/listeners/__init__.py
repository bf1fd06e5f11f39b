"""Where alerts come from: Kafka, VTP, a folder. Each hands over bytes and is told when they are safe."""
